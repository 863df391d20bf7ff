"use strict";
{
  // Every table: headings are buttons (sortable-tablesort does the sorting), a search box, filters, and its rows as CSV.
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const MANY = 5;
  const text = (cell) => {
    const hash = cell.querySelector(".hash");
    const shown = cell.innerText.replace(/[↕↑↓]/g, "").replace(/\s+/g, " ").trim();
    return hash ? shown.replace(hash.textContent, hash.title) : shown;
  };
  const value = (cell) => (cell.classList.contains("n") && cell.dataset.sort ? cell.dataset.sort : text(cell));
  // a spreadsheet takes text that begins like a formula for one
  const field = (content) => {
    const safe = /^[=+@-]/.test(content) && Number.isNaN(Number(content)) ? `'${content}` : content;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const line = (row) => [...row.cells].flatMap((cell) => [value(cell), ...Array(cell.colSpan - 1).fill("")]).map(field).join(",");
  const save = (table, name) => {
    const rows = [...table.tHead.rows, ...all("tbody tr", table).filter((row) => !row.hidden)];
    const blob = new Blob(["\ufeff" + rows.map(line).join("\r\n") + "\r\n"], { type: "text/csv" });
    const link = make("a", { href: URL.createObjectURL(blob), download: `${name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const furnish = (region) => {
    const table = region.querySelector("table");
    const name = region.getAttribute("aria-label");
    const rows = all("tbody tr", table);
    const tools = make("div", { className: "tools" });
    const search = make("input", { type: "search", placeholder: "Search", ariaLabel: `Search in: ${name}` });
    const shown = make("span", { className: "soft", ariaLive: "polite" });
    const chosen = all("thead th", table).filter((head) => "filter" in head.dataset).map((head) => {
      const column = head.cellIndex;
      const levels = [...new Set(rows.map((row) => row.cells[column]?.dataset.sort ?? (row.cells[column] ? text(row.cells[column]) : "")))].sort();
      const select = make("select", { ariaLabel: `Filter by ${text(head)}: ${name}` }, new Option(`${text(head)}: all`, ""), ...levels.map((level) => new Option(level, level)));
      return { column, select };
    });
    const apply = () => {
      const wanted = search.value.trim().toLowerCase();
      for (const row of rows) {
        const fits = chosen.every(({ column, select }) => {
          const cell = row.cells[column];
          return !select.value || (cell && (cell.dataset.sort ?? text(cell)) === select.value);
        });
        row.hidden = !fits || !row.textContent.toLowerCase().includes(wanted);
      }
      const left = rows.filter((row) => !row.hidden).length;
      shown.textContent = left === rows.length ? "" : `${left} of ${rows.length} rows`;
    };
    search.addEventListener("input", apply);
    for (const { select } of chosen) select.addEventListener("change", apply);
    const csv = make("button", { type: "button", textContent: "CSV", ariaLabel: `Download as CSV: ${name}` });
    csv.addEventListener("click", () => save(table, name));
    tools.append(...(rows.length > MANY || chosen.length ? [search, ...chosen.map((one) => one.select)] : []), csv, shown);
    region.before(tools);
  };
  // a dash and a cell that a remark covers are missing values, which are sorted last
  const order = (table) => {
    for (const cell of all("tbody td", table)) if (!("sort" in cell.dataset) && (cell.colSpan > 1 || cell.textContent.trim() === "–")) cell.dataset.sort = "";
    for (const header of all("thead th", table)) if (!header.querySelector("button")) header.append(make("button", { type: "button" }, ...header.childNodes));
  };
  // a table that is wider than the page says so
  const edge = (region) => region.classList.toggle("wider", region.scrollWidth > region.clientWidth + region.scrollLeft + 2);
  const dress = (root) => {
    for (const region of all(".table", root)) {
      if (!region.closest(".compare") && !("plain" in region.dataset) && region.querySelector("table.sortable")) furnish(region);
      edge(region);
      region.addEventListener("scroll", () => edge(region), { passive: true });
    }
    for (const table of all("table.sortable", root)) order(table);
  };
  dress(document);
  document.addEventListener("filled", (event) => dress(event.detail));
  addEventListener("resize", () => all(".table").forEach(edge));
}

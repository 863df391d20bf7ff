"use strict";
{
  // Two runs side by side: numbers from the headline table, figures from the runs' own sections.
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const box = document.querySelector(".compare");
  const runs = all("section.run[data-run]");
  if (box && runs.length > 1) {
    const [left, right] = ["left", "right"].map((side) => box.querySelector(`.compare-${side}`));
    for (const select of [left, right]) select.append(...runs.map((run) => new Option(run.dataset.run, run.dataset.run)));
    right.selectedIndex = 1;
    const heads = all("table.headline thead th").map((head) => head.textContent);
    const rowOf = (name) => all("table.headline tbody tr").find((row) => row.dataset.run === name);
    const cell = (tag, content, number) => Object.assign(document.createElement(tag), { textContent: content, className: number ? "n" : "" });
    const numbers = (names) => {
      const rows = names.map(rowOf);
      return heads.map((head, column) => ({ head, cells: rows.map((row) => row.cells[column]) }))
        .filter(({ cells }) => cells.every((one) => one?.classList.contains("n") && "sort" in one.dataset))
        .map(({ head, cells }) => {
          const values = cells.map((one) => one.dataset.sort);
          // a mean that leaves out a class is another number
          const marked = cells.map((one) => one.textContent.includes("†"));
          const known = values.every((one) => one !== "") && marked[0] === marked[1];
          const digits = Math.max(...cells.map((one) => (one.textContent.match(/\.(\d+)/)?.[1] ?? "").length));
          const difference = known ? (values[1] - values[0]).toFixed(digits) : "–";
          const row = document.createElement("tr");
          const name = cell("th", head, false);
          name.scope = "row";
          row.append(name, ...cells.map((one) => cell("td", one.textContent, true)), cell("td", difference, true));
          return row;
        });
    };
    const figures = (names) => {
      const sides = names.map((name) => all("figure:not(.missing)", runs.find((run) => run.dataset.run === name)));
      return sides[0].flatMap((first) => {
        const title = first.querySelector("figcaption strong").textContent;
        const second = sides[1].find((one) => one.querySelector("figcaption strong").textContent === title);
        if (!second) return [];
        const pair = Object.assign(document.createElement("div"), { className: "pair" });
        pair.append(...[first, second].map((figure, side) => {
          const image = figure.querySelector("img").cloneNode();
          image.removeAttribute("data-moving");
          const caption = Object.assign(document.createElement("figcaption"), { textContent: `${title} ${names[side]}` });
          const copy = document.createElement("div");
          copy.className = "half";
          copy.append(image, caption);
          return copy;
        }));
        return [pair];
      });
    };
    const compare = () => {
      const names = [left.value, right.value];
      box.querySelector("tbody").replaceChildren(...numbers(names));
      box.querySelector(".compare-figures").replaceChildren(...figures(names));
    };
    for (const select of [left, right]) select.addEventListener("change", compare);
    box.hidden = false;
    // the first comparison is made when the reader comes near
    new IntersectionObserver((entries, observer) => {
      if (entries.some((entry) => entry.isIntersecting)) { observer.disconnect(); compare(); }
    }, { rootMargin: "400px" }).observe(box);
  }
}

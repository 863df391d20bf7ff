"use strict";
{
  // Errors of all runs: pictures are parts of one sprite a run, decoded when first shown.
  const box = document.querySelector(".browser");
  const data = [...document.querySelectorAll("script.errors")].map((script) => JSON.parse(script.textContent));
  if (box && data.length) {
    const PAGE = 48;
    let limit = PAGE;
    const rows = data.flatMap((run, number) => run.rows.map((row) => ({ ...row, number, model: run.model, testset: run.testset })));
    const selects = [...box.querySelectorAll("select")];
    for (const select of selects) {
      const levels = [...new Set(rows.map((row) => row[select.dataset.field]))].sort();
      select.append(new Option("all", ""), ...levels.map((level) => new Option(level, level)));
    }
    const ready = new Set();
    const sprite = (number) => {
      if (ready.has(number)) return;
      ready.add(number);
      const style = document.createElement("style");
      style.textContent = `.sprite-${number} { background-image: url("${data[number].uri}"); }`;
      document.head.append(style);
    };
    const words = (row) => {
      const named = row.true && row.predicted && row.true !== row.predicted ? `${row.true} taken for ${row.predicted}` : row.true || row.predicted;
      return [row.kind, named, row.conf && `conf ${Number(row.conf).toFixed(2)}`, row.iou && `IoU ${Number(row.iou).toFixed(2)}`].filter(Boolean).join(", ");
    };
    const tile = (row) => {
      sprite(row.number);
      const { side, across, model, testset, origins } = data[row.number];
      const item = document.createElement("li");
      const picture = document.createElement("span");
      picture.className = `tile sprite-${row.number}`;
      picture.role = "img";
      picture.ariaLabel = words(row);
      picture.style.cssText = `width:${side}px;height:${side}px;background-position:${-side * (row.tile % across)}px ${-side * Math.floor(row.tile / across)}px`;
      const caption = document.createElement("span");
      caption.textContent = words(row);
      const where = document.createElement("span");
      where.className = "soft";
      where.textContent = `${model} on ${testset}, ${row.recording} ${row.condition} frame ${row.frame}${origins.includes("phantom") ? " (phantom)" : ""}`;
      item.append(picture, caption, where);
      return item;
    };
    const show = () => {
      const fitting = rows.filter((row) => selects.every((select) => !select.value || row[select.dataset.field] === select.value));
      box.querySelector(".tiles").replaceChildren(...fitting.slice(0, limit).map(tile));
      box.querySelector("[aria-live]").textContent = `${Math.min(limit, fitting.length)} of ${fitting.length} errors`;
      box.querySelector(".more-errors").hidden = fitting.length <= limit;
    };
    for (const select of selects) select.addEventListener("change", () => { limit = PAGE; show(); });
    box.querySelector(".more-errors").addEventListener("click", () => { limit += PAGE; show(); });
    box.hidden = false;
    new IntersectionObserver((entries, observer) => {
      if (entries.some((entry) => entry.isIntersecting)) { observer.disconnect(); show(); }
    }, { rootMargin: "300px" }).observe(box);
  }
}

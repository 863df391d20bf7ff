"use strict";
{
  // Errors of all runs: pictures are parts of one sprite a run, decoded when first shown.
  const box = document.querySelector(".browser");
  const data = [...document.querySelectorAll("script.errors")].map((script) => JSON.parse(script.textContent));
  if (box && data.length) {
    const PAGE = 8;
    const NAMES = { croissant: "parachute", localisation: "badly placed", both: "badly placed, wrong name", classification: "wrong name", background: "on background", duplicate: "second box" };
    const named = (name) => NAMES[name] ?? name;
    let limit = PAGE;
    const rows = data.flatMap((run, number) => run.rows.map((row) => ({ ...row, number, model: run.model, testset: run.testset })));
    // the most confident first; what was missed has no confidence and comes last
    rows.sort((a, b) => (b.conf === "" ? -1 : Number(b.conf)) - (a.conf === "" ? -1 : Number(a.conf)));
    const selects = [...box.querySelectorAll("select")];
    for (const select of selects) {
      const levels = [...new Set(rows.map((row) => row[select.dataset.field]))].sort();
      select.append(new Option("all", ""), ...levels.map((level) => new Option(named(level), level)));
    }
    // a run's sprite is decoded when one of its tiles is first shown, cut into the tiles asked for, and let go
    const asked = new Map();
    const paint = (row, canvas, times = 1) => {
      const { side, across, uri } = data[row.number];
      Object.assign(canvas, { width: times * side, height: times * side });
      const cut = (image) => canvas.getContext("2d").drawImage(
        image, side * (row.tile % across), side * Math.floor(row.tile / across), side, side, 0, 0, canvas.width, canvas.height);
      if (asked.has(uri)) { asked.get(uri).push(cut); return; }
      asked.set(uri, [cut]);
      const image = new Image();
      image.addEventListener("load", () => { for (const one of asked.get(uri)) one(image); asked.delete(uri); image.removeAttribute("src"); });
      image.src = uri;
    };
    const words = (row) => {
      const classes = row.true && row.predicted && row.true !== row.predicted ? `${named(row.true)} taken for ${named(row.predicted)}` : named(row.true || row.predicted);
      return [named(row.kind), classes, row.conf && `conf ${Number(row.conf).toFixed(2)}`, row.iou && `IoU ${Number(row.iou).toFixed(2)}`].filter(Boolean).join(", ");
    };
    // one error large: the frame around it, and the run it is of
    const dialog = Object.assign(document.createElement("dialog"), { className: "error-view" });
    document.body.append(dialog);
    const enlarge = (row) => {
      const { run, model, testset } = data[row.number];
      const canvas = document.createElement("canvas");
      paint(row, canvas, 4);
      const said = Object.assign(document.createElement("p"), { textContent: `${words(row)}. ${model} on ${testset}, ${row.recording} ${row.condition} frame ${row.frame}.` });
      const link = Object.assign(document.createElement("a"), { href: `#run-${run}`, textContent: "The run" });
      const files = Object.assign(document.createElement("a"), { href: `errors/${run}/tiles.png`, textContent: "All tiles of it (PNG)" });
      const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" });
      for (const one of [link, close]) one.addEventListener("click", () => dialog.close());
      const bar = document.createElement("p");
      bar.append(link, " · ", files, " ", close);
      dialog.replaceChildren(canvas, said, bar);
      dialog.showModal();
    };
    const tile = (row) => {
      const { model, testset, origins } = data[row.number];
      const item = document.createElement("li");
      const picture = Object.assign(document.createElement("button"), { type: "button", className: "tile", ariaLabel: words(row) });
      picture.addEventListener("click", () => enlarge(row));
      const canvas = document.createElement("canvas");
      paint(row, canvas);
      picture.append(canvas);
      const caption = document.createElement("span");
      caption.textContent = words(row);
      const where = document.createElement("span");
      where.className = "soft";
      where.textContent = `${model} on ${testset}, ${row.recording} ${row.condition} frame ${row.frame}${origins.includes("phantom") ? " (simulated)" : ""}`;
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

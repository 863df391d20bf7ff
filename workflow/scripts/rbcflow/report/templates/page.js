"use strict";
// What the other scripts use: folded parts become part of the page when they are opened.
const rbc = {
  all: (selector, root = document) => [...root.querySelectorAll(selector)],
  one: (selector, root = document) => root.querySelector(selector),
  // put a folded part's content into the page; tells the other scripts of it
  fill(details) {
    const template = details.querySelector(":scope > template");
    if (!template) return;
    template.replaceWith(template.content);
    document.dispatchEvent(new CustomEvent("filled", { detail: details }));
  },
  // the folded parts around an element or id that is not in the page yet, the outermost first
  way(matches, root = document, chain = []) {
    for (const template of rbc.all("template", root)) {
      const next = [...chain, template.parentElement];
      const found = matches(template.content);
      if (found) return { chain: next, found };
      const deeper = rbc.way(matches, template.content, next);
      if (deeper) return deeper;
    }
    return null;
  },
  // open everything that hides an element, then show it
  reveal(id) {
    let target = document.getElementById(id);
    if (!target) {
      const hidden = rbc.way((content) => content.getElementById(id));
      for (const details of hidden?.chain ?? []) { rbc.fill(details); details.open = true; }
      target = document.getElementById(id);
    }
    if (target) rbc.show(target);
    return Boolean(target);
  },
  show(target) {
    for (let outer = target; outer; outer = outer.parentElement?.closest("details")) {
      if (outer instanceof HTMLDetailsElement) { rbc.fill(outer); outer.open = true; }
    }
    target.scrollIntoView();
  },
  fillAll() {
    for (let left = rbc.all("details:has(> template)"); left.length; left = rbc.all("details:has(> template)")) left.forEach(rbc.fill);
  },
};
{
  const { all, one } = rbc;
  const root = document.documentElement;

  // Light and dark: the system's wish until the reader decides. Storage may be forbidden for local files.
  const remember = (value) => { try { localStorage.setItem("theme", value); } catch { /* lasts until the page is closed */ } };
  const remembered = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const themeButton = one(".theme");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);
  const nameTheme = () => { themeButton.textContent = isDark() ? "Light" : "Dark"; };
  if (["light", "dark"].includes(remembered())) root.dataset.theme = remembered();
  themeButton.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remember(root.dataset.theme);
    nameTheme();
  });
  systemDark.addEventListener("change", nameTheme);
  nameTheme();

  // Contents: a menu on small screens, and the current section marked while reading.
  const nav = one("#nav");
  const menu = one(".menu");
  const showMenu = (shown) => { nav.classList.toggle("shown", shown); menu.setAttribute("aria-expanded", shown); };
  menu.addEventListener("click", () => showMenu(!nav.classList.contains("shown")));
  nav.addEventListener("click", (event) => { if (event.target.closest("a")) showMenu(false); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") showMenu(false); });

  const links = all("a", nav).map((link) => ({ link, target: document.getElementById(link.hash.slice(1)) })).filter((l) => l.target);
  const mark = () => {
    const line = 0.25 * innerHeight;
    let current = links.findLast((l) => l.target.getBoundingClientRect().top <= line) ?? links[0];
    if (innerHeight + scrollY >= document.body.scrollHeight - 2) current = links.at(-1);
    if (!current || current.link.hasAttribute("aria-current")) return;
    for (const { link } of links) link.removeAttribute("aria-current");
    for (const item of all("li.open", nav)) item.classList.remove("open");
    current.link.setAttribute("aria-current", "true");
    for (let item = current.link.closest("li"); item; item = item.parentElement.closest("li")) item.classList.add("open");
    if (nav.scrollHeight > nav.clientHeight) nav.scrollTop = current.link.offsetTop - nav.clientHeight / 2;
  };
  let waiting = false;
  const markSoon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; mark(); });
  };
  addEventListener("scroll", markSoon, { passive: true });
  addEventListener("resize", markSoon);
  mark();

  // Folds fill when they are opened, and a link into one opens it.
  document.addEventListener("toggle", (event) => { if (event.target.open && event.target.matches("details.fold")) rbc.fill(event.target); }, true);
  const follow = () => { const id = decodeURIComponent(location.hash.slice(1)); if (id && !id.includes(":")) rbc.reveal(id); };
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) follow();
  });
  follow();
  // The first way is no movement: over a long page it takes seconds. Later ones are (page.css).
  addEventListener("load", () => requestAnimationFrame(() => root.classList.add("settled")));

  // Animations play only when asked, and stop when asked again.
  const play = (button, playing) => {
    const figure = button.closest("figure");
    const image = one("img", figure);
    image.dataset.still ??= image.src;
    image.src = playing ? image.dataset.moving : image.dataset.still;
    figure.classList.toggle("playing", playing);
    button.setAttribute("aria-pressed", playing);
    one(".play-text", button).textContent = playing ? "Stop" : "Play";
  };
  const pressed = (button) => button.getAttribute("aria-pressed") === "true";

  // Enlarged figures: fitted to the width, larger and smaller with + and -, dragged; Escape, Close and the browser's Back close.
  const viewer = one(".viewer");
  const large = one("img", viewer);
  const box = one(".stage-box", viewer);
  let current = null;
  let scale = 1;
  const zooms = () => all(".zoom");
  const fit = () => { large.style.width = `${100 * scale}%`; };
  const enlarge = (factor) => {
    const middle = [box.scrollLeft + box.clientWidth / 2, box.scrollTop + box.clientHeight / 2].map((v) => v / scale);
    scale = Math.min(8, Math.max(1, scale * factor));
    fit();
    box.scrollTo(middle[0] * scale - box.clientWidth / 2, middle[1] * scale - box.clientHeight / 2);
  };
  const show = (zoom) => {
    current = zoom;
    const image = one("img", zoom);
    large.src = image.src;
    large.alt = image.alt;
    scale = 1;
    fit();
    one(".viewer-caption").replaceChildren(...one("figcaption p", zoom.closest("figure")).cloneNode(true).childNodes);
  };
  const step = (by) => {
    const list = zooms();
    show(list[(list.indexOf(current) + by + list.length) % list.length]);
  };
  const openViewer = (zoom) => {
    show(zoom);
    viewer.showModal();
    history.pushState({ viewer: true }, "");
  };
  const leave = () => {
    current?.focus({ preventScroll: true });
    current?.scrollIntoView({ block: "nearest" });
    current = null;
  };
  addEventListener("popstate", () => { if (viewer.open) viewer.close(); else if (current) leave(); });
  one(".previous", viewer).addEventListener("click", () => step(-1));
  one(".next", viewer).addEventListener("click", () => step(1));
  one(".zoom-in", viewer).addEventListener("click", () => enlarge(1.5));
  one(".zoom-out", viewer).addEventListener("click", () => enlarge(1 / 1.5));
  viewer.addEventListener("keydown", (event) => {
    const act = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), "+": () => enlarge(1.5), "-": () => enlarge(1 / 1.5) }[event.key];
    if (act) { act(); event.preventDefault(); }
  });
  let grip = null;
  box.addEventListener("pointerdown", (event) => { grip = { x: event.clientX, y: event.clientY, left: box.scrollLeft, top: box.scrollTop }; });
  addEventListener("pointerup", () => { grip = null; });
  box.addEventListener("pointermove", (event) => {
    if (grip && event.buttons) box.scrollTo(grip.left - event.clientX + grip.x, grip.top - event.clientY + grip.y);
  });
  large.addEventListener("dragstart", (event) => event.preventDefault());
  viewer.addEventListener("close", () => {
    large.removeAttribute("src");
    // the way back in the history gives the focus away, so it is set after that
    if (history.state?.viewer) history.back();
    else leave();
  });
  document.addEventListener("click", (event) => {
    const zoom = event.target.closest(".zoom");
    const button = event.target.closest(".play");
    const copy = event.target.closest(".copy");
    if (zoom) openViewer(zoom);
    if (button) play(button, !pressed(button));
    if (copy) navigator.clipboard?.writeText(one(copy.dataset.copy).innerText.replace(/\s+/g, " ").trim()).then(() => { copy.textContent = "Copied"; });
  });

  // Print: the summary, or with Shift everything; pictures are loaded and animations stopped before.
  const ready = () => {
    for (const button of all(".play")) if (pressed(button)) play(button, false);
    for (const image of all("figure img")) image.loading = "eager";
  };
  addEventListener("beforeprint", ready);
  addEventListener("afterprint", () => root.classList.remove("print-all"));
  one(".print").addEventListener("click", async (event) => {
    if (event.shiftKey) {
      rbc.fillAll();
      for (const details of all("details.fold")) details.open = true;
      root.classList.add("print-all");
    }
    ready();
    await Promise.allSettled(all(event.shiftKey ? "figure img" : ".in-print img").map((image) => image.decode()));
    print();
  });

  // The table of models by test sets: at which size frames were seen, and how many boxes a cell may keep.
  const matrix = one("#matrix");
  const turn = () => {
    const [size, boxes] = ["size", "boxes"].map((name) => one(`input[name=${name}]:checked`).value);
    for (const cell of all("td.heat", matrix)) {
      const value = cell.getAttribute(`data-${size ? `${size}-` : ""}${boxes}`);
      cell.classList.toggle("unturned", !value);
      if (!value) continue;
      const [found, right, share] = value.split("|");
      const link = one("a", cell);
      one("b", link).textContent = found;
      link.lastChild.textContent = right;
      cell.style.setProperty("--v", share);
    }
  };
  if (matrix) for (const input of all(".switches input")) input.addEventListener("change", turn);
}

"use strict";
{
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
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

  // A link into folded provenance opens it.
  const unfold = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) { target.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", unfold);
  unfold();

  // Animations play only when asked, and stop when asked again.
  const stop = (button) => { if (button.getAttribute("aria-pressed") === "true") button.click(); };
  addEventListener("beforeprint", () => {
    for (const button of all(".play")) stop(button);
    for (const image of all("figure img")) image.loading = "eager";
  });
  for (const button of all(".play")) {
    const image = one("img", button.closest("figure"));
    const still = image.src;
    button.addEventListener("click", () => {
      const playing = button.getAttribute("aria-pressed") !== "true";
      image.src = playing ? image.dataset.moving : still;
      button.setAttribute("aria-pressed", playing);
      one(".play-text", button).textContent = playing ? "Stop" : "Play";
    });
  }

  // Enlarged figures: Escape, the close button or a click on the picture closes, arrows step through.
  const viewer = one(".viewer");
  const large = one("img", viewer);
  const zooms = all(".zoom");
  let shown = 0;
  const show = (index) => {
    shown = (index + zooms.length) % zooms.length;
    const image = one("img", zooms[shown]);
    large.src = image.src;
    large.alt = image.alt;
    one(".viewer-caption").replaceChildren(...one("figcaption p", zooms[shown].closest("figure")).cloneNode(true).childNodes);
  };
  zooms.forEach((zoom, index) => zoom.addEventListener("click", () => { show(index); viewer.showModal(); }));
  large.addEventListener("click", () => viewer.close());
  one(".previous", viewer).addEventListener("click", () => show(shown - 1));
  one(".next", viewer).addEventListener("click", () => show(shown + 1));
  viewer.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(shown - 1);
    if (event.key === "ArrowRight") show(shown + 1);
  });
  viewer.addEventListener("close", () => {
    large.removeAttribute("src");
    zooms[shown].focus({ preventScroll: true });
    zooms[shown].scrollIntoView({ block: "nearest" });
  });
}

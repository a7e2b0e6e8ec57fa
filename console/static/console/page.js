// Search as you type. Everything here also works without it: the box is a form, every choice is a link.
"use strict";

(() => {
  const live = document.getElementById("live");
  const form = document.getElementById("search");
  const box = document.getElementById("q");

  const focusBox = (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  };

  const closeMenus = (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (event.key === "Escape") {
        menu.open = false;
        menu.querySelector("summary").focus();
      } else if (event.type === "click" && !menu.contains(event.target)) {
        menu.open = false;
      }
    }
  };

  const setUpCopying = () => {
    for (const button of document.querySelectorAll("[data-copy]")) {
      if (!navigator.clipboard) continue;
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
        const label = button.textContent;
        button.textContent = button.dataset.copied;
        setTimeout(() => { button.textContent = label; }, 1500);
      });
    }
  };

  const goBackToSearch = () => {
    const back = document.querySelector("[data-back]");
    if (!back || !document.referrer) return;
    const from = new URL(document.referrer);
    if (from.origin === location.origin && from.pathname === "/") back.href = from.href;
  };

  // The script exchanges what an address with a # would lead to.
  const skip = (event) => {
    const link = event.target.closest("a.skip");
    const target = link && document.querySelector(link.getAttribute("href"));
    if (!target) return;
    event.preventDefault();
    target.focus();
    target.scrollIntoView();
  };

  document.addEventListener("click", skip);
  document.addEventListener("keydown", closeMenus);
  document.addEventListener("click", closeMenus);
  if (box) document.addEventListener("keydown", focusBox);
  setUpCopying();
  goBackToSearch();
  if (!live || !window.fetch) return;

  const said = document.getElementById("said");
  const trouble = document.getElementById("trouble");
  const rail = document.getElementById("rail");
  let running = null;
  let waiting = 0;

  const asked = () => {
    const pairs = [...new FormData(form)].filter(([, value]) => value !== "");
    const text = new URLSearchParams(pairs).toString();
    return text ? `/?${text}` : "/";
  };

  // What the reader had opened and where the focus was survive the exchange.
  const exchange = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const open = [...live.querySelectorAll("details[data-key][open]")].map((d) => d.dataset.key);
    const key = document.activeElement && document.activeElement.dataset.key;
    for (const id of ["facets", "found"]) {
      const part = fresh.getElementById(id);
      if (!part) continue;
      const old = document.getElementById(id);
      // A refusal knows nothing of the filters: they stay for the next try.
      if (part.classList.contains("problem")) part.append(...old.querySelectorAll("input[form]"));
      old.replaceWith(part);
    }
    for (const one of open) {
      const details = live.querySelector(`details[data-key="${CSS.escape(one)}"]`);
      if (details) details.open = true;
    }
    if (key) {
      const target = live.querySelector(`[data-key="${CSS.escape(key)}"]`) || live.querySelector(".found-head a");
      if (target) target.focus({ preventScroll: true });
    }
    const count = document.getElementById("count");
    said.textContent = count ? count.textContent.trim() : "";
  };

  const go = async (address, remember) => {
    clearTimeout(waiting);
    if (running) running.abort();
    const mine = (running = new AbortController());
    const slow = setTimeout(() => live.setAttribute("aria-busy", "true"), 250);
    try {
      const answer = await fetch(address, {
        headers: { "X-Fragment": "1" },
        signal: mine.signal,
        credentials: "same-origin",
      });
      if (answer.status === 401) return location.assign(address);
      const text = await answer.text();
      if (mine !== running) return;
      if (!answer.headers.get("Content-Type").startsWith("text/html")) throw new Error(answer.status);
      exchange(text);
      trouble.hidden = true;
      if (remember) history[remember]({}, "", address);
      document.title = box.value ? `${box.value} – Vitrine` : "Vitrine";
    } catch (error) {
      if (error.name !== "AbortError") trouble.hidden = false;
    } finally {
      clearTimeout(slow);
      if (mine === running) live.removeAttribute("aria-busy");
    }
  };

  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => go(asked(), "replaceState"), 150);
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go(asked(), "pushState");
  });

  live.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-live]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if ("text" in link.dataset) box.value = link.dataset.text;
    go(link.getAttribute("href"), "pushState");
    if ("top" in link.dataset) window.scrollTo({ top: 0 });
  });

  window.addEventListener("popstate", () => {
    box.value = new URLSearchParams(location.search).get("q") || "";
    go(location.pathname + location.search, null);
  });

  const narrow = window.matchMedia("(max-width: 56rem)");
  const fold = () => { rail.open = !narrow.matches; };
  narrow.addEventListener("change", fold);
  fold();
})();

"use strict";
// Names for what the admin's scripts and tables leave without one: choices that are searched, and heads of empty columns.
{
  const nameOf = (select) => select.getAttribute("aria-label") || (select.labels[0] ? select.labels[0].textContent.trim() : select.name);

  const label = () => {
    for (const select of document.querySelectorAll("select.admin-autocomplete")) {
      const shown = select.nextElementSibling;
      for (const part of shown ? shown.querySelectorAll(".select2-selection, .select2-selection__rendered, .select2-search__field") : []) {
        if (part.getAttribute("aria-label") !== nameOf(select)) {
          part.setAttribute("aria-label", nameOf(select));
          part.removeAttribute("aria-labelledby");
        }
      }
    }
    for (const list of document.querySelectorAll(".select2-dropdown .select2-results__options, .select2-dropdown .select2-search__field")) {
      const open = document.querySelector("select.admin-autocomplete + .select2-container--open");
      if (open && !list.hasAttribute("aria-label")) {
        list.setAttribute("aria-label", nameOf(open.previousElementSibling));
      }
    }
    for (const head of document.querySelectorAll(".inline-group th:empty")) {
      const text = document.createElement("span");
      text.className = "visually-hidden";
      text.textContent = "Row";
      head.append(text);
    }
  };

  window.addEventListener("load", () => {
    label();
    new MutationObserver(label).observe(document.body, { childList: true, subtree: true });
  });
}

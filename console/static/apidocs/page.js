"use strict";

// The search of the renderer is off: it runs in a worker made of a blob, which the page's policy forbids.
const place = document.getElementById("reference");
Redoc.init(
  place.dataset.document,
  { disableSearch: true, expandResponses: "200,201", nonce: place.dataset.nonce, pathInMiddlePanel: true },
  place,
);

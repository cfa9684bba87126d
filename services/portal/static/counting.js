// How many characters a text may still have, beside it as one types; told to screen readers once one has paused.
"use strict";

let pause = 0;

function count({ target }) {
  const limit = Number(target.dataset?.limit);
  if (!limit) return;
  const left = limit - [...target.value.trim()].length;
  const number = Math.abs(left).toLocaleString(document.documentElement.lang);
  const said = (left < 0 ? target.dataset.over : target.dataset.left).replace("#", number);
  const shown = document.getElementById(`${target.id}-left`);
  shown.hidden = false;
  shown.textContent = said;
  shown.classList.toggle("error", left < 0);
  clearTimeout(pause);
  pause = setTimeout(() => (document.getElementById(`${target.id}-told`).textContent = said), 1000);
}

document.addEventListener("input", count);
for (const target of document.querySelectorAll("textarea[data-limit]")) if (target.value) count({ target });

// Shows without a reload what happens elsewhere. One window of a browser listens for all, and tells the others.
// Parts of a page marked `data-live` (each with an id) are shown anew: those that name a referral, for that one alone.
"use strict";

const channel = new BroadcastChannel("luotsi-live");
const button = document.getElementById("live-news");
const made = document.querySelector("meta[name='luotsi-made']").content;
const title = document.title;
let latest = null;
let stale = false;
let unlooked = false; // something was shown while nobody was at the window

function showCount({ unseen, more }) {
  const count = unseen ? `${unseen}${more ? "+" : ""}` : "";
  document.title = count ? `(${count}) ${title}` : title;
}

const parts = (referral) =>
  [...document.querySelectorAll("[data-live]")].filter(
    (part) => !part.dataset.live || !referral || part.dataset.live === referral,
  );

// What somebody has ticked, typed or opened in a part stays so in the one that takes its place.
function carryOver(part, fresh) {
  for (const old of part.querySelectorAll("input:not([type=hidden]), select, textarea, details")) {
    const now = old.id && fresh.querySelector(`#${CSS.escape(old.id)}`);
    if (!now) continue;
    if (old.localName === "details") now.open = old.open;
    else [now.checked, now.value] = [old.checked, old.value];
  }
}

async function showAnew() {
  stale = false;
  button.hidden = true;
  unlooked = !document.hasFocus();
  const answer = await fetch(location.href, { headers: { "Luotsi-Live": unlooked ? "unlooked" : "looked" } });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of parts()) {
    const fresh = page.getElementById(part.id);
    if (!fresh || fresh.outerHTML === part.outerHTML) continue;
    carryOver(part, fresh);
    part.replaceWith(document.adoptNode(fresh));
    htmx.process(fresh);
  }
  document.getElementById("status").textContent = button.dataset.said;
}

// Nothing moves under a pointer, or while somebody types: then there is a button instead, until they have gone on.
const isBusy = () => document.querySelector("main:hover, main:focus-within") !== null;

function offer() {
  const owed = unlooked && document.hasFocus();
  if (document.hidden || !(stale || (owed && !isBusy()))) return;
  if (isBusy()) button.hidden = false;
  else showAnew();
}

function hear(event) {
  latest = event;
  showCount(event);
  if (!event.changed || !parts(event.referral).length) return;
  stale = true;
  offer();
}

channel.onmessage = ({ data }) => {
  if (data !== "what?") hear(data);
  else if (latest) channel.postMessage({ ...latest, changed: false });
};
button.addEventListener("click", showAnew);
document.addEventListener("visibilitychange", offer);
window.addEventListener("focus", offer);
document.querySelector("main").addEventListener("pointerleave", offer);
channel.postMessage("what?");

navigator.locks.request("luotsi-live", () => {
  const stream = new EventSource(`/live?since=${encodeURIComponent(made)}`);
  stream.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    hear(event);
    channel.postMessage(event);
  };
  // The lock is kept for as long as the window is open, or until the session has ended: then others may listen.
  return new Promise((release) => {
    stream.onerror = () => stream.readyState === EventSource.CLOSED && release();
  });
});

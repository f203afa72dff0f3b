// Live updates. Every page says the same without them.
//
// data-live="PATH"   server-sent events; each is a piece of this page, made and escaped where pages are made
// data-mode="add"    its rows are put among those that are there, the newest first; without it, it takes the place of all
// data-end="reload"  when the server says that there is no more, the page is read again
"use strict";
(() => {
  const ROWS_MAX = 200;
  const sign = document.getElementById("live");

  const say = (state, words) => {
    if (!sign) return;
    sign.hidden = false;
    sign.dataset.state = state;
    sign.textContent = words;
    document.documentElement.dataset.watch = state;
  };

  const pieces = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  };

  const replace = (at, html) => {
    // Whoever is about to press something in it is not disturbed.
    if (at.contains(document.activeElement)) return;
    at.replaceChildren(pieces(html));
  };

  const add = (at, html) => {
    const known = new Set([...at.children].map((row) => row.dataset.key));
    for (const row of [...pieces(html).children]) {
      if (known.has(row.dataset.key)) continue;
      row.classList.add("new");
      // The newest is first. What is sent again after a pause finds its place.
      const older = [...at.children].find((other) => other.dataset.time <= row.dataset.time);
      at.insertBefore(row, older ?? null);
    }
    while (at.children.length > ROWS_MAX) at.lastElementChild.remove();
  };

  const watch = (at) => {
    let source = null;
    const close = () => {
      if (source) source.close();
      source = null;
    };
    const open = () => {
      if (source || document.hidden) return;
      source = new EventSource(at.dataset.live);
      source.onopen = () => say("on", "live");
      source.onmessage = (said) => (at.dataset.mode === "add" ? add : replace)(at, said.data);
      source.onerror = () => {
        const over = source && source.readyState === EventSource.CLOSED;
        say("off", over ? "not live: reload" : "connecting");
      };
      source.addEventListener("end", () => {
        close();
        if (at.dataset.end === "reload") location.reload();
      });
    };
    document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
    addEventListener("pagehide", close);
    addEventListener("pageshow", open);
    open();
  };

  document.querySelectorAll("[data-live]").forEach(watch);
  // On a phone the navigation is wider than the window.
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
})();

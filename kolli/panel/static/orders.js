// While an address is typed: how much of the room that the carrier has is used. The server has the last word.
"use strict";

document.querySelectorAll("[data-limit]").forEach((input) => {
  const most = Number(input.dataset.limit);
  const told = document.createElement("small");
  told.className = "room";
  input.insertAdjacentElement("afterend", told);
  const show = () => {
    const length = [...input.value.trim()].length;
    told.textContent = input.dataset.count.replace("{n}", length).replace("{most}", most);
    told.classList.toggle("is-over", length > most);
    told.hidden = length < most * 0.6 && document.activeElement !== input;
  };
  ["input", "focus", "blur"].forEach((name) => input.addEventListener(name, show));
  show();
});

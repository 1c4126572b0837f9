"use strict";
(function () {
  document.documentElement.classList.add("js");
  document.querySelectorAll("table.data").forEach(function (table) {
    var body = table.tBodies[0];
    var rows = Array.prototype.slice.call(body.rows);
    if (rows.length > 7) {
      var box = document.createElement("input");
      box.type = "search";
      box.placeholder = "Search these " + rows.length + " rows";
      box.setAttribute("aria-label", box.placeholder);
      box.className = "search";
      box.addEventListener("input", function () {
        var wanted = box.value.toLowerCase();
        rows.forEach(function (row) {
          row.hidden = wanted !== "" && row.textContent.toLowerCase().indexOf(wanted) < 0;
        });
      });
      table.parentNode.parentNode.insertBefore(box, table.parentNode);
    }
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, at) {
      var button = document.createElement("button");
      button.type = "button";
      while (head.firstChild) { button.appendChild(head.firstChild); }
      head.appendChild(button);
      button.addEventListener("click", function () {
        var up = head.getAttribute("aria-sort") !== "ascending";
        Array.prototype.forEach.call(table.tHead.rows[0].cells, function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        rows.sort(function (one, other) {
          var a = one.cells[at], b = other.cells[at], order;
          if (a.dataset.n !== undefined && b.dataset.n !== undefined) {
            order = Number(a.dataset.n) - Number(b.dataset.n);
          } else {
            order = a.textContent < b.textContent ? -1 : a.textContent > b.textContent ? 1 : 0;
          }
          return up ? order : -order;
        });
        rows.forEach(function (row) { body.appendChild(row); });
      });
    });
  });
  function open() {
    var target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
    if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
  }
  window.addEventListener("hashchange", open);
  open();
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (each) { each.open = true; });
  });
})();

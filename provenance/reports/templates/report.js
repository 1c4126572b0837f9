"use strict";
(function () {
  document.documentElement.classList.add("js");
  function each(list, what) { Array.prototype.forEach.call(list, what); }
  function key(cell) {
    return cell.dataset.n !== undefined ? Number(cell.dataset.n) : cell.textContent.toLowerCase();
  }
  document.querySelectorAll("table.data").forEach(function (table) {
    var body = table.tBodies[0], rows = Array.prototype.slice.call(body.rows), heads = table.tHead.rows[0].cells;
    if (rows.length < 2) { return; }
    if (rows.length > 7) {
      var box = document.createElement("input"), holder = table.parentNode;
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
      holder.parentNode.insertBefore(box, holder);
    }
    each(heads, function (head, at) {
      // No real button: browsers leave those out of a head that is repeated on the next printed page.
      var button = document.createElement("span");
      button.tabIndex = 0;
      button.setAttribute("role", "button");
      while (head.firstChild) { button.appendChild(head.firstChild); }
      head.appendChild(button);
      button.addEventListener("keydown", function (event) {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); button.click(); }
      });
      button.addEventListener("click", function () {
        var number = rows[0].cells[at].dataset.n !== undefined, sorted = head.getAttribute("aria-sort");
        // Numbers begin with the most, words and days with the first.
        var up = sorted === null ? !number : sorted === "descending";
        each(heads, function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        var keyed = rows.map(function (row) { return [key(row.cells[at]), row]; });
        keyed.sort(function (one, other) {
          return (one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0) * (up ? 1 : -1);
        });
        keyed.forEach(function (pair) { body.appendChild(pair[1]); });
      });
    });
  });
  var details = document.querySelectorAll("details");
  function open() {
    var target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
    var holder = target && target.closest("details");
    if (holder) { holder.open = true; target.scrollIntoView(); }
  }
  // Without this script they stand open; with it they open when something leads to them, and for paper.
  details.forEach(function (one) { one.open = false; });
  window.addEventListener("hashchange", open);
  open();
  window.addEventListener("beforeprint", function () { details.forEach(function (one) { one.open = true; }); });
})();

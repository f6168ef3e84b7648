/* The template editor: rows that follow the text, placeholders by click, and the preview that the server makes. */
(function () {
    "use strict";

    const NAMED = /\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
    const WAIT = 300; // milliseconds after the last key

    function namesOf(text) {
        return Array.from(new Set(Array.from(text.matchAll(NAMED), function (found) { return found[1]; }).filter(Boolean)));
    }

    function fill(template) {
        return template.content.firstElementChild.cloneNode(true);
    }

    // --- the placeholder table -----------------------------------------------------------------

    function placeholderTable(root) {
        const table = root.querySelector("table");
        const rows = table.tBodies[0];
        const kept = new Map(); // what was typed for a placeholder that is gone, in case it comes back

        function names() {
            return Array.from(rows.rows, function (row) { return row.dataset.name; });
        }

        function row(name) {
            const added = fill(root.querySelector("template"));
            rename(added, name);
            return added;
        }

        function rename(row, name) {
            row.dataset.name = name;
            row.querySelector("[data-shown-name]").textContent = name;
            row.querySelector("input[type=hidden]").value = name;
            row.querySelectorAll("td [aria-label]").forEach(function (input) {
                input.setAttribute("aria-label", input.closest("td").dataset.label + " " + name);
            });
        }

        function follow(wanted) {
            const shown = names();
            const gone = shown.filter(function (name) { return !wanted.includes(name); });
            const fresh = wanted.filter(function (name) { return !shown.includes(name); });
            if (gone.length === 1 && fresh.length === 1 && !kept.has(fresh[0])) {
                rename(find(gone[0]), fresh[0]); // a name that is being typed keeps what was said of it
            }
            Array.from(rows.rows).forEach(function (each) {
                if (!wanted.includes(each.dataset.name)) { kept.set(each.dataset.name, each); each.remove(); }
            });
            wanted.forEach(function (name, place) {
                const found = find(name) || kept.get(name) || row(name);
                if (rows.rows[place] !== found) rows.insertBefore(found, rows.rows[place] || null);
                kept.delete(name);
            });
            table.hidden = wanted.length === 0;
            root.querySelector("[data-no-placeholders]").hidden = wanted.length !== 0;
        }

        function find(name) {
            return Array.from(rows.rows).find(function (each) { return each.dataset.name === name; });
        }

        rows.addEventListener("change", function (event) {
            const select = event.target.closest("select");
            if (!select) return;
            const hosts = select.closest("tr").querySelector("input[name$=-hosts]");
            hosts.toggleAttribute("data-unused", select.value !== "link" && !hosts.value);
        });
        return {
            follow: follow,
            describe: function (name, kind, example) {
                const found = find(name);
                if (!found) return;
                const select = found.querySelector("select");
                if (kind) { select.value = kind; select.dispatchEvent(new Event("change", { bubbles: true })); }
                if (example) found.querySelector("input[name$=-example]").value = example;
            },
        };
    }

    // --- placeholders by click ---------------------------------------------------------------------

    function insertBar(bar, body, table) {
        bar.hidden = false;
        const other = document.getElementById("insert-name");

        function insert(name, kind) {
            const taken = namesOf(body.value);
            let free = name;
            for (let number = 2; taken.includes(free); number += 1) free = name + "_" + number;
            const selected = body.value.slice(body.selectionStart, body.selectionEnd);
            body.setRangeText("{" + free + "}", body.selectionStart, body.selectionEnd, "end");
            body.dispatchEvent(new Event("input", { bubbles: true }));
            table.describe(free, kind, selected.includes("{") ? "" : selected.trim());
            body.focus();
        }

        bar.addEventListener("click", function (event) {
            const button = event.target.closest("[data-insert]");
            if (!button) return;
            const name = button.dataset.insert || other.value.trim().replace(/[{}]/g, "");
            if (name) insert(name, button.dataset.kind || "");
            if (name && !button.dataset.insert) other.value = ""; else if (!name) other.focus();
        });
        other.addEventListener("keydown", function (event) {
            if (event.key !== "Enter") return;
            event.preventDefault(); // Enter inserts here; it does not save the form
            bar.querySelector('[data-insert=""]').click();
        });
    }

    // --- the order of parameters in each approval ------------------------------------------------------

    function card(root) {
        const order = root.querySelector("[data-parameter-order]");
        const provider = root.querySelector("select[name$=-provider]");
        if (!order || !provider || provider.name.includes("__prefix__")) return null;
        const list = order.querySelector("ol");
        const field = provider.name.replace(/-provider$/, "-parameters");
        const confirmed = root.querySelector("input[name$=-confirmed]");
        const isBound = provider.disabled;

        function vendor() {
            const named = (provider.dataset.named || "").split(" ");
            order.toggleAttribute("data-unnamed", !named.includes(provider.value));
        }

        function row(number) {
            const added = fill(order.querySelector("template"));
            added.querySelector(".place").textContent = number;
            const select = added.querySelector("select");
            const theirs = added.querySelector("input");
            select.name = field;
            theirs.name = field + "-vendor";
            select.setAttribute("aria-label", select.getAttribute("aria-label").trim() + " " + number);
            theirs.setAttribute("aria-label", theirs.getAttribute("aria-label").trim() + " " + number);
            return added;
        }

        // The text in use keeps its own parameters until somebody says that the vendor has the new one.
        function follow(names) {
            if (isBound && !(confirmed && confirmed.checked)) return;
            const usual = order.querySelector("template").content.querySelector("option").textContent;
            while (list.children.length > names.length) list.lastElementChild.remove();
            while (list.children.length < names.length) list.append(row(list.children.length + 1));
            Array.from(list.children).forEach(function (each, place) {
                const select = each.querySelector("select");
                const chosen = names.includes(select.value) ? select.value : "";
                select.replaceChildren(new Option(names[place] + " (" + usual + ")", ""), ...names.map(function (name) { return new Option(name, name); }));
                select.value = chosen;
            });
            order.querySelector("[data-no-parameters]").hidden = names.length !== 0;
        }

        provider.addEventListener("change", vendor);
        vendor();
        return { follow: follow };
    }

    // --- the preview --------------------------------------------------------------------------------------

    function preview(side, form, body) {
        const shown = document.getElementById("template-preview-body");
        let timer = 0;
        let asked = 0;

        function ask() {
            if (!body.value.trim()) return;
            const mine = ++asked;
            const data = new FormData(form);
            form.querySelectorAll("select[name$=-provider]:disabled, input[name$=-vendor_template]:disabled").forEach(function (field) {
                data.set(field.name, field.value);
            });
            data.set("template", side.dataset.template);
            fetch(side.dataset.address, { method: "POST", body: data }).then(function (answer) {
                return answer.ok ? answer.text() : "";
            }).then(function (piece) {
                if (mine === asked && piece) shown.innerHTML = piece; // escaped by the server's templates
            }).catch(function () { /* the next key asks again */ });
        }

        shown.addEventListener("click", function (event) {
            const button = event.target.closest("[data-take-body]");
            if (!button) return;
            body.value = button.dataset.takeBody;
            body.dispatchEvent(new Event("input", { bubbles: true }));
            body.focus();
        });
        ask();
        return function soon() {
            window.clearTimeout(timer);
            timer = window.setTimeout(ask, WAIT);
        };
    }

    document.addEventListener("DOMContentLoaded", function () {
        const side = document.getElementById("template-preview");
        const body = document.getElementById("id_body");
        const root = document.querySelector("[data-placeholder-table]");
        if (!side || !body || !root) return;
        const form = body.form;
        const table = placeholderTable(root);
        const cards = Array.from(form.querySelectorAll(".form-group")).map(card).filter(Boolean);

        function follow() {
            const names = namesOf(body.value);
            table.follow(names);
            cards.forEach(function (each) { each.follow(names); });
        }

        follow();
        const bar = document.getElementById("insert-bar");
        if (bar) insertBar(bar, body, table);
        const soon = preview(side, form, body);
        body.addEventListener("input", follow);
        form.addEventListener("input", soon);
        form.addEventListener("change", function (event) {
            if (/-confirmed$/.test(event.target.name)) follow();
            soon();
        });
        document.addEventListener("formset:added", function (event) {
            const added = card(event.target);
            if (!added) return;
            cards.push(added);
            follow();
        });
    });
})();

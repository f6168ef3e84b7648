/* Accessibility fixes for the theme (keyboard, landmarks, labels), and the scripts of the product's own pages. */
(function () {
    "use strict";

    // English texts and their translations: script_texts in sms/templatetags/sms_admin.py.
    // Read when first used: the script runs before the page has the element.
    let translations = null;

    function translated(text) {
        translations ??= JSON.parse(document.querySelector("meta[name=admin-texts]")?.content || "{}");
        return translations[text] || text;
    }

    // Elements that the theme makes clickable without a keyboard equivalent: <a> without href, <span> and <div>.
    const CLICKABLE = "[x-on\\:click]:not(button):not(input):not(form):not([href]), label + a:not([href])";

    function iconLabel(element) {
        const icon = element.querySelector(".material-symbols-outlined");
        const glyph = (icon || element).textContent.trim();
        const names = {
            dock_to_right: "Show or hide the menu", close: "Close", unfold_more: "Account", filter_list: "Filters",
            more_horiz: "More actions", more_vert: "More actions", add: "Add", search: "Search",
            chevron_right: "Show or hide", arrow_back: "Back", sms: "SMS Desk, dashboard", edit: "Change",
            delete: "Delete", visibility: "View", keyboard_arrow_down: "More actions",
        };
        return translated(names[glyph] || "");
    }

    function makeFocusable(element) {
        if (element.dataset.adminReachable || element.id === "changelist-filter-close") return;
        element.dataset.adminReachable = "1";
        element.tabIndex = 0;
        element.setAttribute("role", "button");
        const words = Array.from(element.childNodes).some(function (node) {
            const isIcon = node.classList && node.classList.contains("material-symbols-outlined");
            return !isIcon && node.textContent.trim();
        });
        if (element.getAttribute("x-on:click")?.includes("openUserLinks")) element.setAttribute("aria-label", translated("Account menu"));
        const isIconItself = element.classList.contains("material-symbols-outlined");
        if ((!words || isIconItself) && !element.hasAttribute("aria-label")) {
            element.setAttribute("aria-label", iconLabel(element) || translated("Open"));
        }
        element.addEventListener("keydown", function (event) {
            if (event.key === "Enter" || event.key === " ") {
                event.preventDefault();
                element.click();
            }
        });
    }

    function hideIcons(root) {
        root.querySelectorAll(".material-symbols-outlined:not([aria-hidden]):not([role])").forEach(function (icon) {
            icon.setAttribute("aria-hidden", "true");
        });
    }

    // Icon-only links need a label for screen readers.
    function labelLinks(root) {
        root.querySelectorAll("a:not([aria-label]), button:not([aria-label])").forEach(function (link) {
            const words = Array.from(link.childNodes).some(function (node) {
                const isIcon = node.classList && node.classList.contains("material-symbols-outlined");
                return !isIcon && node.textContent.trim();
            });
            if (!words) link.setAttribute("aria-label", link.title || iconLabel(link) || translated("Open"));
        });
        root.querySelectorAll(".help-tooltip[aria-label]:not([role])").forEach(function (tip) {
            tip.setAttribute("role", "img");
        });
    }

    // The theme's scroll areas have an English label.
    function labelScrollAreas(root) {
        root.querySelectorAll(".simplebar-content-wrapper").forEach(function (area) {
            area.setAttribute("aria-label", translated("scrollable content"));
        });
    }

    function labelInputs(root) {
        root.querySelectorAll("td input, td select, td textarea, #searchbar, #searchbar-submit").forEach(function (input) {
            if (input.type === "hidden" || input.hasAttribute("aria-label") || (input.labels && input.labels.length)) return;
            const cell = input.closest("td");
            const words = input.id === "searchbar" || input.id === "searchbar-submit" ? translated("Search") : cell && columnTitle(cell);
            if (words) input.setAttribute("aria-label", words);
        });
    }

    function columnTitle(cell) {
        const table = cell.closest("table");
        const head = table && table.tHead && table.tHead.rows[0] && table.tHead.rows[0].cells[cell.cellIndex];
        return cell.dataset.label || (head && head.textContent.trim()) || translated("Value");
    }

    function landmarks() {
        const main = document.getElementById("main");
        if (!main) return;
        main.setAttribute("role", "main");
        main.tabIndex = -1;
        const skip = document.createElement("a");
        skip.className = "admin-skip";
        skip.href = "#main";
        skip.textContent = translated("Skip to content");
        document.body.prepend(skip);
    }

    // The theme's dialog, announced to screen readers as a modal dialog with its heading as the label.
    function labelDialog() {
        const dialog = document.getElementById("modal-content");
        const heading = dialog && dialog.querySelector("h1, h2");
        if (!heading) return;
        dialog.setAttribute("role", "dialog");
        dialog.setAttribute("aria-modal", "true");
        dialog.setAttribute("aria-label", heading.textContent.trim());
    }

    const FIELDS = "input:not([type=hidden]):not([disabled]), select, textarea";
    const STOPS = FIELDS + ", button, a[href], [tabindex='0']";

    function stopsOf(dialog, selector) {
        return Array.from(dialog.querySelectorAll(selector)).filter(function (element) { return element.getClientRects().length; });
    }

    // The dialog takes the focus, keeps it while it is open, and gives it back to the element that opened it.
    function moveFocus() {
        const overlay = document.getElementById("modal-overlay");
        const dialog = document.getElementById("modal-content");
        if (!overlay || !dialog) return;
        let opener = null;
        let isOpen = false;
        document.addEventListener("htmx:beforeRequest", function (event) {
            if (event.detail.target === dialog) opener = document.activeElement;
        });
        function follow() {
            const isShown = overlay.getClientRects().length > 0;
            if (isShown && !isOpen) window.requestAnimationFrame(function () {
                (stopsOf(dialog, FIELDS)[0] || stopsOf(dialog, STOPS)[0] || dialog).focus();
            });
            if (!isShown && isOpen && opener && opener.isConnected) opener.focus();
            isOpen = isShown;
        }
        new MutationObserver(follow).observe(overlay, { attributes: true, attributeFilter: ["style", "x-cloak"] });
        dialog.addEventListener("keydown", function (event) {
            const stops = event.key === "Tab" ? stopsOf(dialog, STOPS) : [];
            const end = event.shiftKey ? stops[0] : stops[stops.length - 1];
            if (document.activeElement !== end) return;
            event.preventDefault();
            stops[event.shiftKey ? stops.length - 1 : 0].focus();
        });
    }

    // The form of a dialog is sent once: the browser prevents a second click only for forms that it sends itself.
    function sendOnce() {
        document.addEventListener("htmx:beforeRequest", function (event) {
            const form = event.detail.elt;
            if (form.tagName !== "FORM") return;
            if (form.dataset.adminSent) event.preventDefault();
            form.dataset.adminSent = "1";
        });
        document.addEventListener("htmx:afterRequest", function (event) {
            if (!event.detail.xhr.getResponseHeader("HX-Redirect")) delete event.detail.elt.dataset.adminSent;
        });
    }

    function fixAccessibility(root) {
        labelDialog();
        root.querySelectorAll(CLICKABLE).forEach(makeFocusable);
        hideIcons(root);
        labelLinks(root);
        labelInputs(root);
        labelScrollAreas(root);
    }

    function copyButtons() {
        document.addEventListener("click", function (event) {
            const button = event.target.closest("[data-admin-copy]");
            if (!button) return;
            const source = document.getElementById(button.dataset.adminCopy);
            navigator.clipboard.writeText(source.value || source.textContent).then(function () {
                button.textContent = translated("Copied");
            });
        });
    }

    // A form that depends on the vendor: selecting another vendor reloads the page with its fields.
    function reloadOnChange() {
        document.querySelectorAll("[data-admin-reload]").forEach(function (select) {
            select.addEventListener("change", function () {
                const address = new URL(window.location.href);
                address.searchParams.set(select.dataset.adminReload, select.value);
                window.onbeforeunload = null;
                window.location.replace(address);
            });
        });
    }

    // Refreshes the list every few seconds. A row that is selected or has the focus is not replaced, so that it keeps
    // the selection and the focus.
    const LIVE_INTERVAL = 5000;

    function rowKey(row) {
        const link = row.querySelector("th a[href], td a[href]");
        return link ? link.getAttribute("href") : "";
    }

    function isActive(row) {
        return row.contains(document.activeElement) || row.querySelector("input.action-select:checked") !== null;
    }

    function refreshList() {
        return fetch(window.location.href, { headers: { "X-Requested-With": "fetch" } }).then(function (answer) {
            // A redirect leads to the log-in page: the session has ended, so the refresh stops.
            return answer.ok && !answer.redirected ? answer.text() : Promise.reject(new Error(answer.status));
        }).then(function (page) {
            const fresh = new DOMParser().parseFromString(page, "text/html").getElementById("result_list");
            const shown = document.getElementById("result_list");
            if (fresh && shown) replaceRows(shown, Array.from(fresh.tBodies));
        });
    }

    function replaceRows(table, fresh) {
        const kept = new Map();
        Array.from(table.tBodies).forEach(function (row) {
            if (isActive(row)) kept.set(rowKey(row), row); else row.remove();
        });
        let next = table.tBodies[0] || null;
        fresh.forEach(function (row) {
            const same = kept.get(rowKey(row));
            if (same) next = same.nextElementSibling; else table.insertBefore(document.importNode(row, true), next);
        });
    }

    function liveList() {
        const button = document.getElementById("admin-live");
        if (!button) return;
        let timer = 0;
        function set(on) {
            button.setAttribute("aria-pressed", on ? "true" : "false");
            localStorage.setItem("adminLive", on ? "1" : "0");
            window.clearInterval(timer);
            if (on) timer = window.setInterval(function () { if (!document.hidden) refreshList().catch(function () { set(false); }); }, LIVE_INTERVAL);
        }
        button.addEventListener("click", function () { set(button.getAttribute("aria-pressed") !== "true"); });
        set(localStorage.getItem("adminLive") === "1");
    }

    // Replaces an element with its newest version every two seconds, as long as the server marks it.
    const REFRESH_INTERVAL = 2000;

    function refreshMarked() {
        const shown = document.querySelector("[data-admin-refresh]");
        if (!shown) return;
        window.setTimeout(function () {
            fetch(window.location.href, { headers: { "X-Requested-With": "fetch" } }).then(function (answer) {
                return answer.ok && !answer.redirected ? answer.text() : Promise.reject(new Error(answer.status));
            }).then(function (page) {
                const fresh = new DOMParser().parseFromString(page, "text/html").getElementById(shown.id);
                if (fresh) shown.replaceWith(document.importNode(fresh, true));
                refreshMarked();
            }).catch(refreshMarked);
        }, REFRESH_INTERVAL);
    }

    // The theme draws chart labels in one colour, which is hard to read in dark mode.
    function setChartColour() {
        if (!window.Chart) return;
        window.Chart.defaults.color = getComputedStyle(document.documentElement).getPropertyValue("--admin-quiet").trim();
        Object.values(window.Chart.instances).forEach(function (chart) { chart.update("none"); });
    }

    function followTheme() {
        setChartColour();
        new MutationObserver(setChartColour).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
    }

    document.addEventListener("DOMContentLoaded", function () {
        landmarks();
        fixAccessibility(document);
        moveFocus();
        sendOnce();
        copyButtons();
        reloadOnChange();
        liveList();
        refreshMarked();
        followTheme();
        new MutationObserver(function (changes) {
            changes.forEach(function (change) {
                change.addedNodes.forEach(function (node) {
                    if (node.nodeType === 1 && node.parentElement) fixAccessibility(node.parentElement);
                });
            });
        }).observe(document.body, { childList: true, subtree: true });
    });
})();

// html-validate's rules for whole documents, less those that table-based mail cannot keep. Each has its
// reason; nothing else is switched off. Presentational attributes are allowed on table and td only.
const presentational = (...names) => ({
  attributes: Object.fromEntries(names.map((name) => [name, { deprecated: false }])),
});

module.exports = {
  root: true,
  extends: ["html-validate:recommended", "html-validate:document"],
  elements: [
    "html5",
    {
      // Word-Outlook reads these attributes and not the CSS that takes their place.
      table: {
        inherit: "table",
        ...presentational("width", "align", "border", "cellpadding", "cellspacing", "bgcolor"),
      },
      td: { inherit: "td", ...presentational("width", "align", "valign", "bgcolor") },
    },
  ],
  rules: {
    // Mail programs drop or cut <style>: what must hold is written on the element.
    "no-inline-style": "off",
    // The ghost table and PixelsPerInch reach Word-Outlook through conditional comments alone.
    "no-conditional-comment": "off",
    // Parsers put the tbody in by themselves; a letter is clipped by its bytes.
    "prefer-tbody": "off",
  },
};

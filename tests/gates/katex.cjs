// Reads [[place, latex], ...] as JSON from standard input; writes [[place, fault], ...] for the
// formulas that KaTeX in strict mode does not accept.
const fs = require("fs");
const katex = require("katex");

const faults = [];
for (const [place, latex] of JSON.parse(fs.readFileSync(0, "utf8"))) {
  try {
    katex.renderToString(latex, { displayMode: true, strict: "error", throwOnError: true });
  } catch (fault) {
    faults.push([place, fault.message]);
  }
}
process.stdout.write(JSON.stringify(faults));

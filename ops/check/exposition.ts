/** Checks the metrics that the load program exports against `Telemetry`. */
import { spawnSync } from "node:child_process"
import { series } from "./names.ts"

const load = new URL("../load/main.ts", import.meta.url).pathname

/** Runs the load for a few seconds and returns the exported text, or why there is none. */
export const runLoad = (): { readonly text: string; readonly problem?: string } => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [load, "--port", "0", "--seconds", "4"], {
    encoding: "utf8",
    env: { ...process.env, KIMI_LOG_LEVEL: "none" },
    timeout: 120_000
  })
  return status === 0 ? { text: stdout } : { text: "", problem: `ops/load ended with ${status}: ${stderr}` }
}

/** A sample in Prometheus' text format: a name, labels in braces, a value. */
const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/

/** The series of the text that belong to no metric, and the labels that their metric does not have. */
export const findUnknownSeries = (text: string): ReadonlyArray<string> => {
  const found = new Set<string>()
  let count = 0
  for (const line of text.split("\n")) {
    const [, name, labels = ""] = sample.exec(line) ?? []
    if (name === undefined) continue
    count += 1
    const known = series.get(name)
    if (known === undefined) {
      found.add(`${name} is exported but is no metric of the library`)
      continue
    }
    for (const [, label = ""] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) {
      if (!known.labels.has(label))
        found.add(`${name} is exported with the label ${label}, which the metric does not have`)
    }
  }
  if (count < 100) found.add(`only ${count} series were exported`)
  return [...found]
}

/** Writes the dashboard for Grafana. */
import { mkdirSync, writeFileSync } from "node:fs"
import { build } from "./dashboard.ts"

const file = new URL("../grafana/dashboards/kimi-effect.json", import.meta.url)
mkdirSync(new URL("./", file), { recursive: true })
writeFileSync(file, `${JSON.stringify(build(), null, 2)}\n`)

/** Prints how many modules an entry loads, by the name of the package. */
import { registerHooks } from "node:module"

const counts = new Map<string, number>()
registerHooks({
  load(url, context, next) {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? (url.startsWith("node:") ? "node" : "app")
    counts.set(name, (counts.get(name) ?? 0) + 1)
    return next(url, context)
  }
})

await import(process.argv[2] ?? "")
process.stdout.write(JSON.stringify(Object.fromEntries(counts)))

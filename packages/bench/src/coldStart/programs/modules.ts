/** Prints how many modules an entry loads, by the name of the package. */
import { registerHooks } from "node:module"

const urls = new Set<string>()
registerHooks({
  // A module that is required and imported is loaded twice.
  load(url, context, next) {
    urls.add(url)
    return next(url, context)
  }
})

await import(process.argv[2] ?? "")

const counts = new Map<string, number>()
for (const url of urls) {
  const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? (url.startsWith("node:") ? "node" : "app")
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
process.stdout.write(JSON.stringify(Object.fromEntries(counts)))

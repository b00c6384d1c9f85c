/** Prints the modules that `import` of the arguments loads, for `loading.test.ts`. */
import { registerHooks } from "node:module"

const urls = new Set<string>()
registerHooks({
  load(url, context, next) {
    urls.add(url)
    return next(url, context)
  }
})

for (const specifier of process.argv.slice(2)) await import(specifier)
process.stdout.write(JSON.stringify([...urls]))

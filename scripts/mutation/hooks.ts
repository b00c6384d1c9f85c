/** Resolves `vitest` to `testApi.ts` for every module but that one. */
import { registerHooks } from "node:module"

const testApi = new URL("testApi.ts", import.meta.url).href

export const register = (): void => {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "vitest" && context.parentURL !== testApi
        ? { url: testApi, shortCircuit: true }
        : next(specifier, context)
  })
}

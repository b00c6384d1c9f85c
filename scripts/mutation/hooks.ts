/**
 * Resolves `vitest` to `testApi.ts` for every module but that one, and the package
 * that is changed to the copy with the changes, also for tests of other packages.
 */
import { registerHooks } from "node:module"

const testApi = new URL("testApi.ts", import.meta.url).href

export interface Changed {
  /** The name of the package. */
  readonly name: string
  /** The URL of its copy. */
  readonly url: string
}

export const register = ({ name, url }: Changed): void => {
  registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier === "vitest" && context.parentURL !== testApi) return { url: testApi, shortCircuit: true }
      const isChanged = specifier === name || specifier.startsWith(`${name}/`)
      // A module of a package can import the package by its name.
      return next(specifier, isChanged ? { ...context, parentURL: `${url}/package.json` } : context)
    }
  })
}

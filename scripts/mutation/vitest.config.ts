/**
 * The tests that Stryker runs: those of one folder, which `scripts/mutation.ts`
 * names. `vitest.config.ts` has every package, so that a file which many others
 * import would run most tests of the repository.
 */
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    root: process.env["KIMI_MUTATION_PACKAGE"] ?? ".",
    include: [process.env["KIMI_MUTATION_TESTS"] ?? ""],
    testTimeout: 30_000
  }
})

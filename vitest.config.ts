import { defineConfig } from "vitest/config"

/**
 * Test files share the modules of their worker: loading them again for each of
 * six hundred files takes longer than the tests. The tests on Node run in
 * workers of their own, because they change processes, signals and files.
 */
const project = (name: string, folder: string, options: object) => ({
  test: {
    name,
    root: `packages/${folder}`,
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    ...options
  }
})

export default defineConfig({
  test: {
    projects: [
      project("core", "core", { isolate: false }),
      project("client", "client", { isolate: false, exclude: ["test/node/**"] }),
      project("client-node", "client", { include: ["test/node/**/*.test.ts"] }),
      project("testing", "testing", { isolate: false }),
      project("cli", "cli", { isolate: false })
    ]
  }
})

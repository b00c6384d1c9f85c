import { defineConfig } from "vitest/config"

/**
 * Test files share the modules of their worker: loading them again for each of
 * six hundred files takes longer than the tests. The tests on Node run in
 * workers of their own, because they change processes, signals and files.
 */
const project = (name: string, folder: string, options: object) => ({
  test: {
    name,
    root: folder,
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    ...options
  }
})

export default defineConfig({
  test: {
    // The default leaves a core to the main process, which has little to do.
    maxWorkers: "100%",
    projects: [
      project("core", "packages/core", { isolate: false }),
      project("client", "packages/client", { isolate: false, exclude: ["test/node/**"] }),
      project("client-node", "packages/client", { include: ["test/node/**/*.test.ts"] }),
      project("testing", "packages/testing", { isolate: false }),
      project("bench", "packages/bench", { isolate: false }),
      project("cli", "packages/cli", { isolate: false }),
      project("examples", "examples", { isolate: false, include: ["{,service/}test/**/*.test.ts"] })
    ]
  }
})

import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    projects: ["core", "client", "testing", "cli"].map((name) => ({
      test: {
        name,
        root: `packages/${name}`,
        include: ["test/**/*.test.ts"],
        testTimeout: 30_000
      }
    }))
  }
})

import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { named } from "../../src/node/internal/sqlColumns.ts"

describe("named", () => {
  it("names results as asked for when the file has other letters", () => {
    const db = new DatabaseSync(":memory:")
    try {
      db.exec("CREATE TABLE lease (resourcE TEXT, Epoch INTEGER); INSERT INTO lease VALUES ('a', 3)")
      const row = db.prepare(`SELECT ${named("resource", "epoch")} FROM lease`).get()
      assert.deepStrictEqual({ ...row }, { resource: "a", epoch: 3 })
    } finally {
      db.close()
    }
  })
})

import { assert, it } from "@effect/vitest"
import { exportedBy, listedIn } from "../../../test/support/mainEntry.ts"
import * as testing from "../src/index.ts"

it("the main entry exports the names that exports.txt lists", () => {
  assert.deepStrictEqual(exportedBy(testing), listedIn(new URL("../exports.txt", import.meta.url)))
})

import { describe } from "@effect/vitest"
import * as LanguageModelContract from "../../src/contract/LanguageModelContract.ts"
import { make } from "./faulty/languageModel.ts"
import { testContract } from "./support/faults.ts"

describe("LanguageModelContract.suite", () => {
  testContract((it, broken) => LanguageModelContract.suite(it, (behaviors) => make(behaviors, broken)))
})

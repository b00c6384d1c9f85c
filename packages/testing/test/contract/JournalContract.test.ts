import { describe } from "@effect/vitest"
import { Journal } from "@kimi-effect/client/journal/Journal"
import { Layer } from "effect"
import * as JournalContract from "../../src/contract/JournalContract.ts"
import { make } from "./faulty/journal.ts"
import { testContract } from "./support/faults.ts"
import type { It } from "../../src/contract/TestRunner.ts"

const suite = (it: It, broken?: string): void => JournalContract.suite(it, Layer.effect(Journal, make(broken)))

describe("JournalContract", () => testContract(suite))

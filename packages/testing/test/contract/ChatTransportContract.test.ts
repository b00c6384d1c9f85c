import { describe } from "@effect/vitest"
import * as ChatTransportContract from "../../src/contract/ChatTransportContract.ts"
import { make } from "./faulty/transport.ts"
import { testContract } from "./support/faults.ts"

describe("ChatTransportContract", () => {
  testContract((it, broken) => ChatTransportContract.suite(it, (behavior) => make(behavior, broken)))
})

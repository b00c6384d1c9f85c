import { describe } from "@effect/vitest"
import { HostApi, unsupported } from "@kimi-effect/client/HostApi"
import { providers } from "@kimi-effect/client/Provider"
import { Layer } from "effect"
import * as HostApiContract from "../../src/contract/HostApiContract.ts"
import { make, makeOff } from "./faulty/hostApi.ts"
import { testContract } from "./support/faults.ts"

describe("HostApiContract.suite", () => {
  testContract((it, broken) => HostApiContract.suite(it, (response) => make(response, broken)))
})

describe("HostApiContract.suiteOff", () => {
  testContract((it, broken) =>
    HostApiContract.suiteOff(it, Layer.succeed(HostApi, makeOff(broken)(unsupported(providers.moonshot))))
  )
})

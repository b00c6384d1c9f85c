import { describe } from "@effect/vitest"
import * as Admission from "@kimi-effect/core/Admission"
import { Effect, Layer } from "effect"
import * as AdmissionContract from "../../src/contract/AdmissionContract.ts"
import { make } from "./faulty/admission.ts"
import { makeOff } from "./faulty/admissionOff.ts"
import { testContract } from "./support/faults.ts"

describe("AdmissionContract.suite", () => {
  testContract(
    (it, broken) =>
      AdmissionContract.suite(it, (settings) => Layer.effect(Admission.Admission, make(settings, broken))),
    {
      // These calls wait until one succeeds.
      "admits the next call when one succeeds": [
        "admits no call until the running ones fit a lower limit",
        "admits waiting calls in the order of their priority",
        "admits waiting calls of one priority in the order of their arrival",
        "admits waiting calls of tenants in turns",
        "rejects a waiting call whose circuit has opened",
        "releases an acquired permit only once"
      ]
    }
  )
})

describe("AdmissionContract.suiteOff", () => {
  testContract((it, broken) =>
    AdmissionContract.suiteOff(
      it,
      Layer.effect(Admission.Admission, Effect.map(Admission.Admission, makeOff(broken))).pipe(
        Layer.provide(Admission.layerOff)
      )
    )
  )
})

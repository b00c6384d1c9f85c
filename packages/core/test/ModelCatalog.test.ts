import { assert, describe, it } from "@effect/vitest"
import { batchModels, find, knownModels, type KnownModel, type Price, priceOf } from "../src/ModelCatalog.ts"

const today = "2026-11-22"

const known = (id: string): KnownModel => {
  const model = find(id)
  assert.isDefined(model, id)
  return model
}

/** Id, window, default output, day it was switched off. */
const documented: ReadonlyArray<readonly [string, number, number | undefined, string | undefined]> = [
  ["kimi-k3.1-pro", 1_048_576, 131_072, undefined],
  ["kimi-k3.1-pro-highspeed", 1_048_576, 131_072, undefined],
  ["kimi-k3", 1_048_576, 131_072, undefined],
  ["kimi-k2.7-code", 262_144, 32_768, undefined],
  ["kimi-k2.7-code-highspeed", 262_144, 32_768, undefined],
  ["kimi-k2.6", 262_144, 32_768, undefined],
  ["kimi-k2.5", 262_144, 32_768, "2026-08-31"],
  ["moonshot-v1-8k", 8_192, undefined, "2026-08-31"],
  ["moonshot-v1-32k", 32_768, undefined, "2026-08-31"],
  ["moonshot-v1-128k", 131_072, undefined, "2026-08-31"],
  ["moonshot-v1-auto", 131_072, undefined, "2026-08-31"],
  ["moonshot-v1-8k-vision-preview", 8_192, undefined, "2026-08-31"],
  ["moonshot-v1-32k-vision-preview", 32_768, undefined, "2026-08-31"],
  ["moonshot-v1-128k-vision-preview", 131_072, undefined, "2026-08-31"],
  ["kimi-k2-0711-preview", 131_072, undefined, "2026-05-25"],
  ["kimi-k2-0905-preview", 262_144, undefined, "2026-05-25"],
  ["kimi-k2-turbo-preview", 262_144, undefined, "2026-05-25"],
  ["kimi-k2-thinking", 262_144, undefined, "2026-05-25"],
  ["kimi-k2-thinking-turbo", 262_144, undefined, "2026-05-25"],
  ["kimi-latest", 131_072, undefined, "2026-01-28"],
  ["kimi-thinking-preview", 131_072, undefined, "2025-11-11"]
]

/** Id, cache hit, cache miss, output: per million tokens today. */
const dollars: ReadonlyArray<readonly [string, string | undefined, string, string]> = [
  ["kimi-k3.1-pro", "0.20", "2.00", "10.00"],
  ["kimi-k3.1-pro-highspeed", "0.20", "4.00", "20.00"],
  ["kimi-k3", "0.30", "3.00", "15.00"],
  ["kimi-k2.7-code", "0.19", "0.95", "4.00"],
  ["kimi-k2.7-code-highspeed", "0.38", "1.90", "8.00"],
  ["kimi-k2.6", "0.16", "0.95", "4.00"],
  ["kimi-k2.5", "0.10", "0.60", "3.00"],
  ["kimi-k2-0905-preview", "0.15", "0.60", "2.50"],
  ["kimi-k2-0711-preview", "0.15", "0.60", "2.50"],
  ["kimi-k2-thinking", "0.15", "0.60", "2.50"],
  ["kimi-k2-turbo-preview", "0.15", "1.15", "8.00"],
  ["kimi-k2-thinking-turbo", "0.15", "1.15", "8.00"],
  ["moonshot-v1-8k", undefined, "0.20", "2.00"],
  ["moonshot-v1-32k", undefined, "1.00", "3.00"],
  ["moonshot-v1-128k", undefined, "2.00", "5.00"]
]

const yuan: ReadonlyArray<readonly [string, string | undefined, string, string]> = [
  ["kimi-k3", "2", "20", "100"],
  ["kimi-k2.7-code", "1.30", "6.50", "27"],
  ["kimi-k2.7-code-highspeed", "2.60", "13", "54"],
  ["kimi-k2.6", "1.10", "6.50", "27"],
  ["kimi-k2.5", "0.70", "4", "21"]
]

describe("ModelCatalog.knownModels", () => {
  it("lists exactly the documented models", () => {
    assert.deepStrictEqual(knownModels.map((model) => model.id).toSorted(), documented.map(([id]) => id).toSorted())
  })

  for (const [id, contextWindow, defaultMaxOutput, retiredOn] of documented) {
    it(`has the documented facts of ${id}`, () => {
      const model = known(id)
      assert.strictEqual(model.contextWindow, contextWindow)
      assert.strictEqual(model.defaultMaxOutput, defaultMaxOutput)
      assert.strictEqual(model.lifecycle.state, retiredOn === undefined ? "live" : "retired")
      if (model.lifecycle.state === "retired") assert.strictEqual(model.lifecycle.retiredOn, retiredOn)
    })
  }

  it("names an active successor for every retired or closing model", () => {
    for (const { id, lifecycle } of knownModels) {
      if (lifecycle.state === "live" && lifecycle.successor === undefined) continue
      assert.strictEqual(find(lifecycle.successor ?? "")?.lifecycle.state, "live", id)
      assert.notStrictEqual(lifecycle.successor, id)
    }
  })

  it("lists the active models with an announced end", () => {
    const closing = knownModels.filter(
      ({ lifecycle }) => lifecycle.state === "live" && lifecycle.retiresOn !== undefined
    )
    assert.sameMembers(
      closing.map((model) => model.id),
      ["kimi-k2.7-code", "kimi-k2.7-code-highspeed", "kimi-k2.6"]
    )
  })

  it("has no default output larger than the window", () => {
    for (const { id, contextWindow, defaultMaxOutput, maxOutput } of knownModels) {
      assert.isAtMost(defaultMaxOutput ?? 0, contextWindow, id)
      assert.isAtMost(maxOutput ?? 0, contextWindow, id)
    }
    assert.strictEqual(known("kimi-k3").maxOutput, 1_048_576)
  })

  it("has the thinking control with the sampling values of each model", () => {
    const control = (id: string) => {
      const { thinking, supportsThinkingKeep, sampling } = known(id).capabilities
      return { thinking, keepsReasoning: supportsThinkingKeep, sampling }
    }
    const fixed = { temperature: 1, topP: 0.95 }
    const switched = { temperature: 1, temperatureNotThinking: 0.6, topP: 0.95 }
    assert.deepStrictEqual(control("kimi-k3"), { thinking: "effort", keepsReasoning: false, sampling: fixed })
    assert.deepStrictEqual(control("kimi-k2.7-code"), { thinking: "always", keepsReasoning: false, sampling: fixed })
    assert.deepStrictEqual(control("kimi-k2.6"), { thinking: "switch", keepsReasoning: true, sampling: switched })
    assert.deepStrictEqual(control("kimi-k2.5"), { thinking: "switch", keepsReasoning: false, sampling: switched })
    assert.deepStrictEqual(control("kimi-k2-thinking").thinking, "always")
    assert.deepStrictEqual(control("moonshot-v1-8k"), { thinking: "none", keepsReasoning: false, sampling: undefined })
  })

  it("has the inputs (tool choices, media) of each model", () => {
    const takes = (id: string) => {
      const { toolChoiceRequired, toolChoiceNamed, image, video, rejectsLogprobs } = known(id).capabilities
      return [toolChoiceRequired, toolChoiceNamed, image, video, rejectsLogprobs]
    }
    assert.deepStrictEqual(takes("kimi-k3"), ["yes", "no", true, true, true])
    assert.deepStrictEqual(takes("kimi-k3.1-pro"), ["yes", "no", true, true, true])
    assert.deepStrictEqual(takes("kimi-k2.7-code"), ["no", "no", true, true, false])
    assert.deepStrictEqual(takes("kimi-k2.6"), ["not thinking", "not thinking", true, true, false])
    assert.deepStrictEqual(takes("kimi-k2-thinking"), ["no", "no", false, false, false])
    assert.deepStrictEqual(takes("moonshot-v1-8k"), ["no", "no", false, false, false])
    assert.deepStrictEqual(takes("moonshot-v1-8k-vision-preview"), ["no", "no", true, false, false])
  })
})

describe("capabilities", () => {
  it("include tools of messages in the models of K3 only", () => {
    const ids = knownModels.filter(({ capabilities }) => capabilities.dynamicTools).map(({ id }) => id)
    assert.sameMembers(ids, ["kimi-k3", "kimi-k3.1-pro", "kimi-k3.1-pro-highspeed"])
  })
})

describe("ModelCatalog.find", () => {
  it("finds a model by its ids at other hosts", () => {
    const names = ["moonshotai/Kimi-K2.5", "moonshotai/kimi-k2.5", "KIMI-K2.5", "openrouter/moonshotai/kimi-k2.5:free"]
    for (const name of [...names, "kimi-k2.5:cloud"]) assert.strictEqual(find(name)?.id, "kimi-k2.5", name)
  })

  it("does not find unknown models or similar names", () => {
    const names = ["", "gpt-5", "kimi", "kimi-k2", "kimi-k2.5-turbo", "kimi-k3/", "xkimi-k3", ":kimi-k3", "moonshotai/"]
    for (const name of [...names, "__proto__", "constructor", "toString"]) assert.isUndefined(find(name), name)
  })
})

describe("ModelCatalog.priceOf", () => {
  const figures = (price: Price | undefined) => price && [price.currency, price.cacheHit, price.cacheMiss, price.output]

  for (const [id, ...price] of dollars) {
    it(`knows the dollar price of ${id}`, () => {
      assert.deepStrictEqual(figures(priceOf(id, "moonshot", today)), ["USD", ...price])
    })
  }

  for (const [id, ...price] of yuan) {
    it(`knows the yuan price of ${id}`, () => {
      assert.deepStrictEqual(figures(priceOf(id, "moonshot-cn", today)), ["CNY", ...price])
    })
  }

  it("charges kimi-k3 for cache writes from the first of September 2026", () => {
    assert.isUndefined(priceOf("kimi-k3", "moonshot", "2026-07-16")?.cacheWrite)
    assert.isUndefined(priceOf("kimi-k3", "moonshot", "2026-08-31")?.cacheWrite)
    assert.strictEqual(priceOf("kimi-k3", "moonshot", "2026-09-01")?.cacheWrite, "3.00")
    assert.strictEqual(priceOf("kimi-k3", "moonshot", today)?.cacheWrite, "3.00")
    assert.strictEqual(priceOf("kimi-k3", "moonshot", today)?.cacheWrite1h, "6.00")
    assert.isUndefined(priceOf("kimi-k3", "moonshot", "2026-08-31")?.cacheWrite1h)
    assert.strictEqual(priceOf("kimi-k3.1-pro", "moonshot", today)?.cacheWrite, "2.00")
    assert.strictEqual(priceOf("kimi-k3.1-pro-highspeed", "moonshot", today)?.cacheWrite, "4.00")
  })

  it("has no price for an unknown model or host", () => {
    assert.isUndefined(priceOf("gpt-5", "moonshot", today))
    assert.isUndefined(priceOf("kimi-k3", "together", today))
    assert.isUndefined(priceOf("kimi-k3.1-pro", "moonshot-cn", today))
    assert.isUndefined(priceOf("kimi-latest", "moonshot", today))
  })

  it("has decimal prices with cache hits cheaper than misses", () => {
    for (const { id, prices } of knownModels) {
      for (const { cacheHit, cacheMiss, cacheWrite, cacheWrite1h, output, from } of prices) {
        for (const figure of [cacheHit ?? "0", cacheMiss, cacheWrite ?? "0", cacheWrite1h ?? "0", output]) {
          assert.match(figure, /^\d+(\.\d{2})?$/, id)
        }
        assert.isBelow(Number(cacheHit ?? 0), Number(cacheMiss), id)
        assert.isAbove(Number(output), Number(cacheMiss), id)
        assert.match(from ?? today, /^\d{4}-\d{2}-\d{2}$/, id)
      }
    }
  })
})

describe("batchModels", () => {
  it("has the models of the guide to batches that are live", () => {
    assert.deepStrictEqual(batchModels, ["kimi-k2.7-code", "kimi-k2.6"])
  })
})

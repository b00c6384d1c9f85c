/** The hosts of a client over HTTP: the configured one and those of its fallback plan. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { KimiConfig } from "@kimi-effect/core/KimiConfig"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as ChatTransport from "../ChatTransport.ts"
import type { HostStep, Step } from "../FallbackPlan.ts"
import * as HostApi from "../HostApi.ts"
import type { ClientOptions } from "../KimiClient.ts"
import { FallbackPlan } from "./FallbackPlanService.ts"

/** Loaded here, so that a client without a plan does not contain it. */
const planLayer = (steps: ReadonlyArray<Step> | undefined, { fallback }: KimiConfig["Service"]) =>
  Layer.effect(
    FallbackPlan,
    Effect.flatMap(
      loadModule(() => import("./makeFallbackPlan.ts")),
      ({ make }) =>
        steps === undefined
          ? // `make` checks that the tags are known.
            make(
              fallback.map((step) => step as HostStep),
              "fallback"
            )
          : make(steps)
    )
  )

/** Provides a `FallbackPlan` as well if there are steps, in code or else in the configuration. */
export const layerHttpHosts = (
  clientOptions?: ClientOptions
): Layer.Layer<ChatTransport.ChatTransport | HostApi.HostApi, ConfigurationError, KimiConfig | HttpClient.HttpClient> =>
  OptionRules.layerOf("KimiClient", clientOptions, (clientOptions) =>
    Layer.unwrap(
      Effect.map(KimiConfig, (config) => {
        const steps = clientOptions.fallback
        const configured = Layer.merge(ChatTransport.layerHttp, HostApi.layerHttp)
        return (steps ?? config.fallback).length === 0
          ? configured
          : Layer.provideMerge(planLayer(steps, config), configured)
      })
    )
  )

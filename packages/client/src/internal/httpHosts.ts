/** The hosts of a client over HTTP: the configured one and those of its fallback plan. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { KimiConfig } from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as ChatTransport from "../ChatTransport.ts"
import * as FallbackPlan from "../FallbackPlan.ts"
import * as HostApi from "../HostApi.ts"
import type { ClientOptions } from "../KimiClient.ts"

/** Provides a `FallbackPlan` as well if there are steps, in code or else in the configuration. */
export const layerHttpHosts = (
  clientOptions?: ClientOptions
): Layer.Layer<ChatTransport.ChatTransport | HostApi.HostApi, ConfigurationError, KimiConfig | HttpClient.HttpClient> =>
  Layer.unwrap(
    Effect.map(KimiConfig, (config) => {
      const steps = clientOptions?.fallback ?? FallbackPlan.stepsFromConfig(config)
      const configured = Layer.merge(ChatTransport.layerHttp, HostApi.layerHttp)
      return steps.length === 0 ? configured : Layer.provideMerge(FallbackPlan.layer(steps), configured)
    })
  )

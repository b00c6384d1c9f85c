/**
 * The Node edge: nothing outside this folder imports Node.
 *
 * @since 0.1.0
 */
export * as ConfigFile from "./ConfigFile.ts"
export * as KimiNode from "./KimiNode.ts"
export * as UndiciHttpClient from "./UndiciHttpClient.ts"

#!/usr/bin/env node
/**
 * The entry of the package: turns on the compile cache of Node, and loads the
 * program. The cache is in a folder of the user: it holds code that runs, and the
 * default of Node is below the folder for temporary files, where every user of the
 * system can write. NODE_COMPILE_CACHE names another one, and
 * NODE_DISABLE_COMPILE_CACHE=1 turns it off.
 */
import { enableCompileCache } from "node:module"

const { HOME, LOCALAPPDATA, XDG_CACHE_HOME } = process.env
const folder = XDG_CACHE_HOME || LOCALAPPDATA || (HOME && `${HOME}/.cache`)
if (folder) enableCompileCache(`${folder}/kimi/compile`)
const { main } = await import("./main.ts")
main()

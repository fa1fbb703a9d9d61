import type * as entry0 from '@trace/core'
export type Entry0 = typeof entry0

import type * as entry1 from '@trace/core/files'
export type Entry1 = typeof entry1

import type * as entry2 from '@trace/core/open'
export type Entry2 = typeof entry2

import type * as entry3 from '@trace/dynamorec'
export type Entry3 = typeof entry3

import type * as entry4 from '@trace/http'
export type Entry4 = typeof entry4

import type * as entry5 from '@trace/http/node'
export type Entry5 = typeof entry5

import type * as entry6 from '@trace/http/express'
export type Entry6 = typeof entry6

import type * as entry7 from '@trace/http/fastify'
export type Entry7 = typeof entry7

import type * as entry8 from '@trace/http/client'
export type Entry8 = typeof entry8

import type * as entry9 from '@trace/jsonrec'
export type Entry9 = typeof entry9

import type * as entry10 from '@trace/testing'
export type Entry10 = typeof entry10

import type * as entry11 from '@trace/yamlrec'
export type Entry11 = typeof entry11

import { createTracer } from '@trace/core'

// @ts-expect-error: the recorder is missing
createTracer({})

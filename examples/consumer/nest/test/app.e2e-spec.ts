import type { INestApplication } from '@nestjs/common'
import { Test, type TestingModule } from '@nestjs/testing'
import { openReader } from '@trace/core/open'
import { traceExpress } from '@trace/http/express'
import request from 'supertest'
import type { App } from 'supertest/types'
import { AppModule } from './../src/app.module'
import { tracer } from './../src/tracing'

describe('AppController (e2e)', () => {
  let app: INestApplication<App>

  beforeEach(async () => {
    const moduleFixture: TestingModule = await Test.createTestingModule({
      imports: [AppModule],
    }).compile()

    app = moduleFixture.createNestApplication()
    app.use(traceExpress({ tracer }))
    await app.init()
  })

  it('/ (GET)', () => {
    return request(app.getHttpServer()).get('/').expect(200).expect('Hello World!').expect('X-Request-Id', /^\d+$/)
  })

  it('names spans by their routes', async () => {
    await request(app.getHttpServer()).get('/cats/7').expect(200, { id: '7' })
    await request(app.getHttpServer()).get('/nothing/here').expect(404)
    await request(app.getHttpServer()).get('/broken').expect(500)
    await tracer.flush()
    const reader = openReader(process.env.TRACE_RECORDER ?? 'memory:')
    const { traces } = await reader.traces({ kind: 'request' })
    const named = traces.map(({ name, failed }) => ({ name, failed }))
    expect(named).toEqual([
      { name: 'GET /broken', failed: 1 },
      { name: 'GET', failed: 0 },
      { name: 'GET /cats/:id', failed: 0 },
      { name: 'GET /', failed: 0 },
    ])
    const [cat] = (await reader.traces({ name: 'GET /cats/:id' })).traces
    const { spans } = await reader.trace(cat.traceId)
    expect(spans.map(({ kind, name, parentId }) => [kind, name, parentId === 0n]).sort()).toEqual([
      ['db', 'find cat', false],
      ['request', 'GET /cats/:id', true],
    ])
  })
})

import { NestFactory } from '@nestjs/core'
import { traceExpress } from '@trace/http/express'
import { AppModule } from './app.module'
import { tracer } from './tracing'

async function bootstrap() {
  const app = await NestFactory.create(AppModule)
  app.use(traceExpress({ tracer }))
  app.enableShutdownHooks()
  await app.listen(process.env.PORT ?? 3000)
}
void bootstrap()

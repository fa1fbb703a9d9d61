import { Module, type OnApplicationShutdown } from '@nestjs/common'
import { AppController } from './app.controller'
import { AppService } from './app.service'
import { tracer } from './tracing'

@Module({
  imports: [],
  controllers: [AppController],
  providers: [AppService],
})
export class AppModule implements OnApplicationShutdown {
  async onApplicationShutdown() {
    await tracer.close()
  }
}

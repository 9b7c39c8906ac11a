package app.manyhands.play

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Runnable
import java.util.concurrent.CountDownLatch
import kotlin.coroutines.CoroutineContext

/** The other threads, which can be held: how far they are when the main thread looks is chance. */
class Aside : CoroutineDispatcher() {
    @Volatile
    private var gate = CountDownLatch(0)

    override fun dispatch(
        context: CoroutineContext,
        block: Runnable,
    ) {
        val gate = gate
        Dispatchers.IO.dispatch(context) {
            gate.await()
            block.run()
        }
    }

    /** What is begun meanwhile waits for its end. */
    fun held(meanwhile: () -> Unit) {
        val gate = CountDownLatch(1).also { gate = it }
        try {
            meanwhile()
        } finally {
            this.gate = CountDownLatch(0)
            gate.countDown()
        }
    }
}

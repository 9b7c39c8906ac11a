package app.manyhands.stream

import java.io.File
import java.nio.ByteBuffer
import java.util.concurrent.CountDownLatch
import kotlin.concurrent.thread

/** What nobody gives back until it is closed: memory of both kinds, a thread and a handle. */
class Leak(
    file: File,
) : AutoCloseable {
    private val heap = ByteArray(BYTES)
    private val resident = ByteBuffer.allocateDirect(BYTES).apply { while (hasRemaining()) put(1) }
    private val handle = file.inputStream()
    private val over = CountDownLatch(1)

    init {
        thread { over.await() }
    }

    override fun close() {
        check(heap.size == resident.capacity())
        over.countDown()
        handle.close()
    }

    private companion object {
        const val BYTES = 1_000_000
    }
}

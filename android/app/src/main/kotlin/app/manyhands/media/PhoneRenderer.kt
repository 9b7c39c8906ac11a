package app.manyhands.media

import android.os.Handler
import android.os.HandlerThread
import android.os.Looper
import android.view.Surface
import app.manyhands.core.AudioUnit
import app.manyhands.core.VideoUnit

/** The phone's own decoders, screen and speaker, on a thread of their own. */
class PhoneRenderer : Renderer {
    private val main = Handler(Looper.getMainLooper())
    private val worker = HandlerThread("player").apply { start() }
    private val handler = Handler(worker.looper)
    private val speaker = Speaker(handler)
    private val pictures = PictureDecoder(handler, speaker::showAtNs) { main.post { onTrouble(it) } }
    private val sounds = SoundDecoder(handler, speaker::play, speaker::start)

    override var onTrouble: (DecoderTrouble?) -> Unit = {}

    override fun surface(surface: Surface?) = onWorker { pictures.surface(surface) }

    override fun picture(unit: VideoUnit) = onWorker { pictures.take(unit) }

    override fun sound(unit: AudioUnit) = onWorker { sounds.take(unit) }

    override fun volume(volume: Float) = onWorker { speaker.volume(volume) }

    override fun flush() =
        onWorker {
            pictures.restart()
            speaker.flush()
        }

    override fun close() =
        onWorker {
            pictures.close()
            sounds.close()
            speaker.close()
            worker.quitSafely()
        }

    private fun onWorker(action: () -> Unit) {
        handler.post(action)
    }
}

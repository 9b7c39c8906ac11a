package app.manyhands.watch

import android.content.Context
import android.media.AudioAttributes
import android.media.AudioFocusRequest
import android.media.AudioManager
import app.manyhands.app.service
import app.manyhands.device.listen
import app.manyhands.device.receiver

/** Shares the speaker with other apps: quieter for short sounds, paused for calls, back at live. */
class Focus(
    private val context: Context,
    private val pause: () -> Unit,
    private val play: () -> Unit,
    private val duck: (Boolean) -> Unit,
) {
    private val audio = context.service<AudioManager>()
    private var pausedByOthers = false
    private var held = false

    private val request =
        AudioFocusRequest
            .Builder(AudioManager.AUDIOFOCUS_GAIN)
            .setAudioAttributes(AudioAttributes.Builder().setUsage(AudioAttributes.USAGE_MEDIA).build())
            .setWillPauseWhenDucked(false)
            .setOnAudioFocusChangeListener(::onFocus)
            .build()

    /** The headphones were pulled out: not to the whole train. */
    private val unplugged = receiver { pause() }

    fun hold() {
        if (held) return
        held = true
        audio.requestAudioFocus(request)
        context.listen(unplugged, AudioManager.ACTION_AUDIO_BECOMING_NOISY)
    }

    fun release() {
        if (!held) return
        held = false
        audio.abandonAudioFocusRequest(request)
        context.unregisterReceiver(unplugged)
    }

    private fun onFocus(change: Int) {
        when (change) {
            AudioManager.AUDIOFOCUS_LOSS_TRANSIENT_CAN_DUCK -> {
                duck(true)
            }

            AudioManager.AUDIOFOCUS_LOSS_TRANSIENT -> {
                pausedByOthers = true
                pause()
            }

            AudioManager.AUDIOFOCUS_LOSS -> {
                pause()
            }

            AudioManager.AUDIOFOCUS_GAIN -> {
                duck(false)
                if (pausedByOthers) play()
                pausedByOthers = false
            }
        }
    }
}

package app.manyhands.device

import android.annotation.TargetApi
import android.content.Context
import android.media.AudioManager
import android.os.Build
import app.manyhands.app.service
import kotlinx.coroutines.channels.ProducerScope
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.launch

/** Whether the person is in a call, as the sound's mode tells: it needs no permission. */
fun calls(context: Context): Flow<Boolean> =
    callbackFlow {
        val audio = context.service<AudioManager>()
        trySend(isCall(audio.mode))
        val stop = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) listener(context, audio) else poll(audio)
        awaitClose(stop)
    }.distinctUntilChanged()

/** Ringing is not yet a call. */
fun isCall(mode: Int): Boolean = mode == AudioManager.MODE_IN_CALL || mode == AudioManager.MODE_IN_COMMUNICATION

@TargetApi(Build.VERSION_CODES.S)
private fun ProducerScope<Boolean>.listener(
    context: Context,
    audio: AudioManager,
): () -> Unit {
    val listener = AudioManager.OnModeChangedListener { trySend(isCall(it)) }
    audio.addOnModeChangedListener(context.mainExecutor, listener)
    return { audio.removeOnModeChangedListener(listener) }
}

/** Before Android 12 nobody tells. */
private fun ProducerScope<Boolean>.poll(audio: AudioManager): () -> Unit {
    val polling =
        launch {
            while (true) {
                trySend(isCall(audio.mode))
                delay(POLL_MS)
            }
        }
    return { polling.cancel() }
}

private const val POLL_MS = 500L

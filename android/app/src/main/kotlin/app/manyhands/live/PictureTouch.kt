package app.manyhands.live

import android.annotation.SuppressLint
import android.content.Context
import android.view.GestureDetector
import android.view.MotionEvent
import android.view.ScaleGestureDetector
import android.view.View
import app.manyhands.look.shown
import app.manyhands.media.Spot

/** Two fingers on the camera's picture bring it nearer, a tap makes it sharp there. Every gesture has a button. */
class PictureTouch(
    context: Context,
    private val picture: View,
    private val ring: View,
    private val live: LiveSession,
) {
    internal val pinch =
        ScaleGestureDetector(
            context,
            object : ScaleGestureDetector.SimpleOnScaleGestureListener() {
                override fun onScale(detector: ScaleGestureDetector): Boolean {
                    live.zoom(live.state.value.zoom * detector.scaleFactor)
                    return true
                }
            },
        )
    private val taps =
        GestureDetector(
            context,
            object : GestureDetector.SimpleOnGestureListener() {
                override fun onSingleTapUp(event: MotionEvent): Boolean {
                    focus(event)
                    return true
                }
            },
        )
    private val hide = Runnable { ring.shown(false) }

    /** Listens on the picture, and on a view over it that does with a touch what it does by itself. */
    fun listen(over: View) {
        for (view in listOf(picture, over)) listenOn(view)
    }

    @SuppressLint("ClickableViewAccessibility") // Nothing that can be clicked: buttons do the same.
    private fun listenOn(view: View) =
        view.setOnTouchListener { _, event ->
            pinch.onTouchEvent(event)
            taps.onTouchEvent(event)
            // Who does not want the first touch is told of no other.
            view == picture
        }

    private fun focus(event: MotionEvent) {
        val (left, top) = IntArray(2).also(picture::getLocationOnScreen)
        val (x, y) = event.rawX - left to event.rawY - top
        val spot = Spot(x / picture.width, y / picture.height)
        if (spot.x !in 0f..1f || spot.y !in 0f..1f) return
        live.focus(spot)
        ring.translationX = x - ring.layoutParams.width / 2
        ring.translationY = y - ring.layoutParams.height / 2
        ring.shown(true)
        ring.removeCallbacks(hide)
        ring.postDelayed(hide, RING_MS)
    }

    private companion object {
        const val RING_MS = 1_000L
    }
}

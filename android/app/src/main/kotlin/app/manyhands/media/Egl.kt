package app.manyhands.media

import android.opengl.EGL14
import android.opengl.EGLConfig
import android.opengl.EGLContext
import android.opengl.EGLDisplay
import android.opengl.EGLExt
import android.opengl.EGLSurface
import android.view.Surface

/** A graphics context that draws on encoders and screens. One thread. */
class Egl : AutoCloseable {
    private val display: EGLDisplay = EGL14.eglGetDisplay(EGL14.EGL_DEFAULT_DISPLAY)
    private val config: EGLConfig
    private val context: EGLContext
    private val idle: EGLSurface

    init {
        val version = IntArray(2)
        check(EGL14.eglInitialize(display, version, 0, version, 1)) { "there are no graphics" }
        config = chooseConfig()
        val wanted = intArrayOf(EGL14.EGL_CONTEXT_CLIENT_VERSION, 2, EGL14.EGL_NONE)
        context = EGL14.eglCreateContext(display, config, EGL14.EGL_NO_CONTEXT, wanted, 0)
        idle = EGL14.eglCreatePbufferSurface(display, config, ONE_PIXEL, 0)
        makeCurrent(null)
    }

    private fun chooseConfig(): EGLConfig {
        val found = arrayOfNulls<EGLConfig>(1)
        val count = IntArray(1)
        EGL14.eglChooseConfig(display, RECORDABLE, 0, found, 0, 1, count, 0)
        return checkNotNull(found[0]) { "there is no surface that an encoder takes" }
    }

    /** A surface to draw on. */
    fun surface(surface: Surface): EGLSurface =
        EGL14.eglCreateWindowSurface(display, config, surface, intArrayOf(EGL14.EGL_NONE), 0)

    /** Draws there from now on; on nothing, so that textures can be made. */
    fun makeCurrent(surface: EGLSurface?) {
        val on = surface ?: idle
        EGL14.eglMakeCurrent(display, on, on, context)
    }

    /** Shows what was drawn, or hands it to the encoder as of [timeNs]. False when the surface is gone. */
    fun swap(
        surface: EGLSurface,
        timeNs: Long? = null,
    ): Boolean {
        if (timeNs != null) EGLExt.eglPresentationTimeANDROID(display, surface, timeNs)
        return EGL14.eglSwapBuffers(display, surface)
    }

    fun release(surface: EGLSurface) {
        makeCurrent(null)
        EGL14.eglDestroySurface(display, surface)
    }

    override fun close() {
        EGL14.eglMakeCurrent(display, EGL14.EGL_NO_SURFACE, EGL14.EGL_NO_SURFACE, EGL14.EGL_NO_CONTEXT)
        EGL14.eglDestroySurface(display, idle)
        EGL14.eglDestroyContext(display, context)
        EGL14.eglReleaseThread()
    }

    private companion object {
        val ONE_PIXEL = intArrayOf(EGL14.EGL_WIDTH, 1, EGL14.EGL_HEIGHT, 1, EGL14.EGL_NONE)
        const val BITS = 8

        /** EGL_RECORDABLE_ANDROID of EGL_ANDROID_recordable: an encoder's surface takes it. */
        const val EGL_RECORDABLE = 0x3142
        val RECORDABLE =
            intArrayOf(
                EGL14.EGL_RED_SIZE,
                BITS,
                EGL14.EGL_GREEN_SIZE,
                BITS,
                EGL14.EGL_BLUE_SIZE,
                BITS,
                EGL14.EGL_RENDERABLE_TYPE,
                EGL14.EGL_OPENGL_ES2_BIT,
                EGL_RECORDABLE,
                1,
                EGL14.EGL_NONE,
            )
    }
}

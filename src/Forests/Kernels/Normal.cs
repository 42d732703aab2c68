namespace Fettle.Forests.Kernels;

/// <summary>The standard normal distribution.</summary>
internal static class Normal
{
    /// <summary>√2 · erf⁻¹(2p − 1) with the approximation of ONNX Runtime's PROBIT (Winitzki, 2008), so that the two agree.</summary>
    public static double Quantile(double p)
    {
        var x = 2 * p - 1;
        var log = Math.Log((1 - x) * (1 + x));
        var v = 2 / (Math.PI * 0.147) + 0.5 * log;
        var root = Math.Sqrt(-v + Math.Sqrt(v * v - 1 / 0.147 * log));
        return Math.Sqrt(2) * (x < 0 ? -1 : 1) * root;
    }
}

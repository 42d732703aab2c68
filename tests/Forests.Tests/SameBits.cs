using System.Numerics;

namespace Fettle.Forests.Tests;

/// <summary>Compares floats by bits; a failure names the first difference instead of printing thousands of numbers.</summary>
internal static class SameBits
{
    public static void ShouldHold<T>(T[] actual, T[] expected, string subject) where T : struct, IFloatingPointIeee754<T>
    {
        actual.Length.ShouldBe(expected.Length, subject);
        for (var i = 0; i < actual.Length; i++)
        {
            if (!Bits(actual[i]).Equals(Bits(expected[i])))
            {
                throw new ShouldAssertException($"{subject}: value {i} is {actual[i]:R}, expected {expected[i]:R}");
            }
        }
    }

    static object Bits<T>(T value) where T : struct => value is float f ? BitConverter.SingleToInt32Bits(f) : BitConverter.DoubleToInt64Bits((double)(object)value);
}

using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Tests.Verification;

public sealed class StudentTTests
{
    /// <summary>The standard table of upper quantiles.</summary>
    [Theory]
    [InlineData(0.95, 1, 6.3138)]
    [InlineData(0.975, 2, 4.3027)]
    [InlineData(0.99, 3, 4.5407)]
    [InlineData(0.999, 4, 7.1732)]
    [InlineData(0.975, 5, 2.5706)]
    [InlineData(0.995, 10, 3.1693)]
    [InlineData(0.95, 30, 1.6973)]
    [InlineData(0.05, 7, -1.8946)]
    public void Quantile_EqualsTheTable(double p, int degrees, double t) => StudentT.Quantile(p, degrees).ShouldBe(t, 1e-4);

    [Fact]
    public void Quantile_IsTheInverseOfCdf()
    {
        for (var degrees = 1; degrees <= 25; degrees++)
        {
            foreach (var p in new[] { 1e-5, 0.001, 0.2, 0.5, 0.9, 0.9999 })
            {
                StudentT.Cdf(StudentT.Quantile(p, degrees), degrees).ShouldBe(p, 1e-10);
            }
        }
    }

    [Fact]
    public void ImpossibleProbability_IsRefused() =>
        Should.Throw<ArgumentOutOfRangeException>(() => StudentT.Quantile(1, 5)).Message.ShouldContain("between 0 and 1");
}

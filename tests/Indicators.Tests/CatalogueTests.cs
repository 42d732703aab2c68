using System.Reflection;

namespace Fettle.Indicators.Tests;

/// <summary>Every other test runs over the catalogue; this one holds the catalogue to the assembly, so that a new indicator cannot be forgotten.</summary>
public sealed class CatalogueTests
{
    static IEnumerable<Type> Types => typeof(Indicator).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Indicator)) && !t.IsAbstract);

    [Fact]
    public void Catalogue_HasEveryIndicatorOfTheAssembly()
    {
        Types.Select(Definition).OrderBy(d => d.Name, StringComparer.Ordinal).ShouldBe(IndicatorCatalog.All.OrderBy(d => d.Name, StringComparer.Ordinal));
        IndicatorCatalog.All.Select(d => d.Name).ShouldBeUnique();
    }

    [Fact]
    public void Definition_MakesItsOwnType_WithDefaultsInRange()
    {
        foreach (var type in Types)
        {
            var definition = Definition(type);
            var made = definition.Create([.. definition.Parameters.Select(p => p.Default)]);
            made.ShouldBeOfType(type);
            made.Descriptor.ShouldBeSameAs(definition);
            definition.Inputs.ShouldNotBe(BarFields.None);
            definition.Outputs.Count.ShouldBeInRange(1, 4);
            definition.Parameters.ShouldAllBe(p => p.Minimum <= p.Default && p.Default <= p.Maximum);
            definition.Parameters.ShouldAllBe(p => p.Choices.Count == 0 || p.Maximum == p.Choices.Count - 1);
        }
    }

    /// <summary>The parts that every indicator has: constructor with defaults, and the series as one call.</summary>
    [Fact]
    public void Every_HasASeriesMethodAndAConstructorWithDefaults()
    {
        foreach (var type in Types)
        {
            type.GetMethods(BindingFlags.Public | BindingFlags.Static).Count(m => m.Name == "Series").ShouldBe(1, type.Name);
            var constructor = type.GetConstructors().ShouldHaveSingleItem();
            constructor.GetParameters().Length.ShouldBe(Definition(type).Parameters.Count, type.Name);
            constructor.GetParameters().ShouldAllBe(p => p.HasDefaultValue);
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(-1e9)]
    [InlineData(1e9)]
    public void Parameter_OutOfRange_IsRefusedByName(double value)
    {
        foreach (var definition in IndicatorCatalog.All)
        {
            for (var i = 0; i < definition.Parameters.Count; i++)
            {
                var values = definition.Parameters.Select(p => p.Default).ToArray();
                values[i] = value;
                Should.Throw<ArgumentOutOfRangeException>(() => IndicatorCatalog.Create(definition.Name, values)).ParamName.ShouldBe(definition.Parameters[i].Name);
            }
        }
    }

    static IndicatorDescriptor Definition(Type type) => (IndicatorDescriptor)type.GetProperty("Definition", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
}

package io.dpq.arch;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The rooms of src-common and who may know whom. */
@AnalyzeClasses(packages = "io.dpq", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String SPARK = "org.apache.spark..";
    private static final String[] DL4J = {"org.deeplearning4j..", "org.nd4j.."};

    @ArchTest
    static final ArchRule quantizerAndRankingArePureArithmetic = noClasses()
            .that()
            .resideInAnyPackage("io.dpq.quantizer..", "io.dpq.ranking..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(SPARK, "org.apache.hadoop..", DL4J[0], DL4J[1]);

    @ArchTest
    static final ArchRule imagesKnowNeitherSparkNorNetworks = noClasses()
            .that()
            .resideInAPackage("io.dpq.image..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(SPARK, DL4J[0], DL4J[1]);

    @ArchTest
    static final ArchRule networkDoesNotKnowSpark = noClasses()
            .that()
            .resideInAnyPackage("io.dpq.network..", "io.dpq.model..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(SPARK);

    @ArchTest
    static final ArchRule lakeAndCodesDoNotKnowNetworks = noClasses()
            .that()
            .resideInAnyPackage("io.dpq.lake..", "io.dpq.codes..", "io.dpq.model..", "io.dpq.job..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(DL4J);

    @ArchTest
    static final ArchRule roomsHaveNoCycles =
            slices().matching("io.dpq.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule onlyMainsEndTheJvm = noClasses()
            .that()
            .haveSimpleNameNotEndingWith("Main")
            .and()
            .doNotHaveSimpleName("SubmitCommand")
            .should()
            .callMethod(System.class, "exit", int.class);

    @ArchTest
    static final ArchRule noJavaDeserialization =
            classes().should().onlyAccessClassesThat().doNotHaveFullyQualifiedName("java.io.ObjectInputStream");
}

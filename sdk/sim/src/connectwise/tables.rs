//! Owns which tables there are, their paths, and the members of their records. Member names are the vendor's.

use super::config::ApiVersion;
use super::shape::{Kind, Shape};

/// A kind of record that the simulator keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Table {
    Company,
    Contact,
    CompanyStatus,
    CompanyType,
    Country,
    Agreement,
    AgreementType,
    Addition,
    BillingCycle,
    Currency,
    Item,
    ProductType,
    Category,
    Subcategory,
    Unit,
}

const TEXT: Kind = Kind::Text(usize::MAX);
const BILLABLE: Kind = Kind::Enum(&["Billable", "DoNotBill", "NoCharge"]);
const STATUS: Kind = Kind::Enum(&["Active", "Cancelled", "Expired", "Inactive"]);
const BILLED: Kind = Kind::Enum(&["Billable", "DoNotBill", "NoCharge", "NoDefault"]);
const CYCLE_TYPE: Kind = Kind::Enum(&["ContractYear", "CalendarYear"]);
const AFTER_2022: ApiVersion = ApiVersion::new(2023, 1);

static COMPANY: Shape = Shape {
    resource: "company",
    type_name: "Company",
    members: &[
        (Kind::Int, "id numberOfEmployees yearEstablished revenueYear"),
        (Kind::Text(30), "identifier phoneNumber faxNumber"),
        (Kind::Text(50), "name addressLine1 addressLine2 city state leadSource"),
        (Kind::Text(12), "zip"),
        (Kind::Text(255), "website"),
        (Kind::Text(50), "userDefinedField1 userDefinedField2 userDefinedField3 userDefinedField4 userDefinedField5"),
        (Kind::Text(50), "userDefinedField6 userDefinedField7 userDefinedField8 userDefinedField9 userDefinedField10"),
        (TEXT, "accountNumber vendorIdentifier taxIdentifier invoiceToEmailAddress invoiceCCEmailAddress deletedBy"),
        (TEXT, "mobileGuid facebookUrl twitterUrl linkedInUrl resellerIdentifier"),
        (Kind::Number, "annualRevenue"),
        (Kind::Flag, "leadFlag unsubscribeFlag deletedFlag isVendorFlag"),
        (Kind::Day, "dateAcquired dateDeleted"),
        (Kind::Ref(Table::CompanyStatus), "status"),
        (Kind::Ref(Table::Country), "country"),
        (Kind::Ref(Table::Currency), "currency"),
        (Kind::Ref(Table::Contact), "defaultContact billingContact"),
        (Kind::Ref(Table::Company), "parentCompany billToCompany"),
        (Kind::Loose, "territory market sicCode ownershipType timeZoneSetup calendar taxCode billingTerms"),
        (Kind::Loose, "invoiceTemplate pricingSchedule companyEntityType billingSite invoiceDeliveryMethod"),
        (Kind::Loose, "territoryManager site"),
        (Kind::Refs(Table::CompanyType), "types"),
        (Kind::Tags, "integratorTags"),
        (Kind::Custom, "customFields"),
    ],
    required: "identifier name types status site",
    derived: "id deletedFlag dateDeleted deletedBy mobileGuid",
    newer: &[],
};

static CONTACT: Shape = Shape {
    resource: "contact",
    type_name: "Contact",
    members: &[
        (Kind::Int, "id"),
        (Kind::Text(30), "firstName lastName"),
        (Kind::Text(50), "title"),
        (Kind::Flag, "inactiveFlag"),
        (Kind::Ref(Table::Company), "company"),
        (Kind::Custom, "customFields"),
    ],
    required: "firstName",
    derived: "id",
    newer: &[],
};

static AGREEMENT: Shape = Shape {
    resource: "agreement",
    type_name: "Agreement",
    members: &[
        (Kind::Int, "id expiredDays limit"),
        (Kind::Text(100), "name reasonCancelled"),
        (Kind::Text(50), "customerPO"),
        (Kind::Text(20), "workOrder"),
        (TEXT, "internalNotes invoiceDescription nextInvoiceDate"),
        (Kind::Number, "applicationLimit compHourlyRate compLimitAmount billAmount prorateFirstBill"),
        (Kind::Day, "startDate endDate dateCancelled billStartDate"),
        (Kind::Flag, "restrictLocationFlag restrictDepartmentFlag noEndingDateFlag cancelledFlag oneTimeFlag"),
        (Kind::Flag, "applicationUnlimitedFlag coverAgreementTime coverAgreementProduct coverAgreementExpense"),
        (Kind::Flag, "coverSalesTax carryOverUnused allowOverruns expireWhenZero chargeToFirm billOneTimeFlag"),
        (Kind::Flag, "taxable restrictDownPayment prorateFlag invoiceProratedAdditionsFlag topComment bottomComment"),
        (Kind::Flag, "billableTimeInvoice billableExpenseInvoice billableProductInvoice autoInvoiceFlag"),
        (STATUS, "agreementStatus"),
        (Kind::Enum(&["Amount", "Hours", "Incidents"]), "applicationUnits"),
        (
            Kind::Enum(&[
                "Contract2Weeks",
                "Contract4Weeks",
                "ContractYear",
                "CalendarMonth",
                "CalendarQuarter",
                "CalendarWeek",
                "ContractQuarter",
                "CalendarYear",
            ]),
            "applicationCycle",
        ),
        (Kind::Enum(&["Actual", "Hourly"]), "employeeCompRate"),
        (Kind::Enum(&["Billing", "Amount", "Percent"]), "employeeCompNotExceed"),
        (CYCLE_TYPE, "invoicingCycle"),
        (BILLED, "billTime billExpenses billProducts"),
        (Kind::Enum(&["Current", "Future", "Both", "Undefined"]), "periodType"),
        (Kind::Ref(Table::AgreementType), "type"),
        (Kind::Ref(Table::Company), "company subContractCompany billToCompany shipToCompany"),
        (Kind::Ref(Table::Contact), "contact subContractContact billToContact shipToContact"),
        (Kind::Ref(Table::Agreement), "parentAgreement"),
        (Kind::Ref(Table::BillingCycle), "billingCycle"),
        (Kind::Ref(Table::Currency), "currency"),
        (Kind::Loose, "site location department opportunity sla billingTerms billToSite taxCode workRole workType"),
        (Kind::Loose, "projectType invoiceTemplate companyLocation shipToSite"),
        (Kind::Custom, "customFields"),
    ],
    required: "name type company contact",
    derived: "id agreementStatus nextInvoiceDate",
    newer: &[("invoiceProratedAdditionsFlag", AFTER_2022)],
};

static ADDITION: Shape = Shape {
    resource: "addition",
    type_name: "Addition",
    members: &[
        (Kind::Int, "id agreementId"),
        (Kind::Ref(Table::Item), "product"),
        (
            Kind::Number,
            "quantity lessIncluded unitPrice unitCost billedQuantity extPrice extCost sequenceNumber margin",
        ),
        (Kind::Number, "prorateCost proratePrice extendedProrateCost extendedProratePrice"),
        (BILLABLE, "billCustomer"),
        (Kind::Day, "effectiveDate cancelledDate"),
        (Kind::Flag, "taxableFlag purchaseItemFlag specialOrderFlag prorateCurrentPeriodFlag"),
        (Kind::Text(50), "serialNumber"),
        (Kind::Text(6000), "invoiceDescription"),
        (TEXT, "description uom additionStatus"),
        (Kind::Loose, "opportunity invoiceGrouping"),
        (STATUS, "agreementStatus"),
        (Kind::Custom, "customFields"),
    ],
    required: "product billCustomer",
    derived: "id agreementId description uom billedQuantity extPrice extCost margin prorateCost proratePrice \
              extendedProrateCost extendedProratePrice agreementStatus additionStatus",
    newer: &[("additionStatus", ApiVersion::new(2025, 16))],
};

static ITEM: Shape = Shape {
    resource: "catalogItem",
    type_name: "CatalogItem",
    members: &[
        (Kind::Int, "id minStockLevel"),
        (Kind::Text(75), "identifier"),
        (Kind::Text(60), "description"),
        (Kind::Text(6000), "customerDescription"),
        (Kind::Text(50), "manufacturerPartNumber vendorSku integrationXRef"),
        (TEXT, "notes connectWiseID"),
        (Kind::Flag, "inactiveFlag serializedFlag serializedCostFlag phaseProductFlag taxableFlag dropShipFlag"),
        (Kind::Flag, "specialOrderFlag recurringFlag recurringOneTimeFlag calculatedPriceFlag calculatedCostFlag"),
        (Kind::Flag, "markupFlag autoUpdateUnitCostFlag autoUpdateUnitPriceFlag"),
        (Kind::Number, "price cost recurringRevenue recurringCost calculatedPrice calculatedCost markupPercentage"),
        (Kind::Enum(&["Agreement", "Bundle", "Inventory", "NonInventory", "Service"]), "productClass"),
        (Kind::Enum(&["FixedFee", "NotToExceed", "OverrideRate", "TimeAndMaterials"]), "priceAttribute"),
        (BILLABLE, "billableOption"),
        (CYCLE_TYPE, "recurringCycleType"),
        (Kind::Ref(Table::Subcategory), "subcategory"),
        (Kind::Ref(Table::ProductType), "type"),
        (Kind::Ref(Table::Category), "category"),
        (Kind::Ref(Table::Unit), "unitOfMeasure"),
        (Kind::Ref(Table::BillingCycle), "recurringBillCycle"),
        (Kind::Ref(Table::AgreementType), "agreementType"),
        (Kind::Ref(Table::Company), "vendor"),
        (Kind::Loose, "manufacturer sla entityType"),
        (Kind::Custom, "customFields"),
    ],
    required: "identifier description subcategory type customerDescription",
    derived: "id connectWiseID calculatedPrice calculatedCost",
    newer: &[
        ("agreementType", AFTER_2022),
        ("markupPercentage", AFTER_2022),
        ("markupFlag", AFTER_2022),
        ("autoUpdateUnitCostFlag", AFTER_2022),
        ("autoUpdateUnitPriceFlag", AFTER_2022),
    ],
};

/// A setup table is only read.
const fn setup(type_name: &'static str, members: &'static [(Kind, &'static str)]) -> Shape {
    Shape { resource: type_name, type_name, members, required: "", derived: "", newer: &[] }
}

static COMPANY_STATUS: Shape =
    setup("CompanyStatus", &[(Kind::Int, "id"), (Kind::Text(50), "name"), (Kind::Flag, "defaultFlag inactiveFlag")]);
static COMPANY_TYPE: Shape =
    setup("CompanyType", &[(Kind::Int, "id"), (Kind::Text(50), "name"), (Kind::Flag, "defaultFlag")]);
static COUNTRY: Shape = setup("Country", &[(Kind::Int, "id"), (Kind::Text(50), "name identifier")]);
static AGREEMENT_TYPE: Shape = setup(
    "AgreementType",
    &[(Kind::Int, "id"), (Kind::Text(50), "name"), (Kind::Flag, "defaultFlag inactiveFlag prorateFlag")],
);
static BILLING_CYCLE: Shape = setup(
    "BillingCycle",
    &[
        (Kind::Int, "id"),
        (Kind::Text(5), "identifier"),
        (Kind::Text(50), "name"),
        (Kind::Flag, "defaultFlag"),
        (
            Kind::Enum(&[
                "BiMonthly",
                "BiWeekly",
                "Monthly",
                "NotRecurring",
                "Quarterly",
                "SemiAnnual",
                "Weekly",
                "Yearly",
            ]),
            "billingOptions",
        ),
    ],
);
static CURRENCY: Shape = setup(
    "Currency",
    &[
        (Kind::Int, "id numberOfDecimals"),
        (Kind::Text(50), "name symbol currencyCode currencyIdentifier decimalSeparator thousandsSeparator"),
        (Kind::Flag, "negativeParenthesesFlag displaySymbolFlag displayIdFlag rightAlign"),
    ],
);
static PRODUCT_TYPE: Shape =
    setup("ProductType", &[(Kind::Int, "id"), (Kind::Text(50), "name"), (Kind::Flag, "inactiveFlag defaultFlag")]);
static CATEGORY: Shape =
    setup("ProductCategory", &[(Kind::Int, "id"), (Kind::Text(50), "name"), (Kind::Flag, "inactiveFlag")]);
static SUBCATEGORY: Shape = setup(
    "ProductSubCategory",
    &[
        (Kind::Int, "id"),
        (Kind::Text(50), "name"),
        (Kind::Flag, "inactiveFlag"),
        (Kind::Ref(Table::Category), "category"),
    ],
);
static UNIT: Shape =
    setup("UnitOfMeasure", &[(Kind::Int, "id"), (Kind::Text(50), "name"), (Kind::Flag, "inactiveFlag defaultFlag")]);

impl Table {
    pub(crate) fn shape(self) -> &'static Shape {
        match self {
            Self::Company => &COMPANY,
            Self::Contact => &CONTACT,
            Self::CompanyStatus => &COMPANY_STATUS,
            Self::CompanyType => &COMPANY_TYPE,
            Self::Country => &COUNTRY,
            Self::Agreement => &AGREEMENT,
            Self::AgreementType => &AGREEMENT_TYPE,
            Self::Addition => &ADDITION,
            Self::BillingCycle => &BILLING_CYCLE,
            Self::Currency => &CURRENCY,
            Self::Item => &ITEM,
            Self::ProductType => &PRODUCT_TYPE,
            Self::Category => &CATEGORY,
            Self::Subcategory => &SUBCATEGORY,
            Self::Unit => &UNIT,
        }
    }

    /// What a reference to one of its records may hold, beside `_info`.
    pub(crate) fn reference_members(self) -> &'static [&'static str] {
        match self {
            Self::Item => &["id", "identifier", "serializedFlag"],
            Self::Company | Self::Country => &["id", "identifier", "name"],
            Self::Currency => &[
                "id",
                "symbol",
                "currencyCode",
                "decimalSeparator",
                "numberOfDecimals",
                "thousandsSeparator",
                "negativeParenthesesFlag",
                "displaySymbolFlag",
                "currencyIdentifier",
                "displayIdFlag",
                "rightAlign",
                "name",
            ],
            _ => &["id", "name"],
        }
    }

    /// Where its records are found; additions are below their agreement.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Company => "company/companies",
            Self::Contact => "company/contacts",
            Self::CompanyStatus => "company/companies/statuses",
            Self::CompanyType => "company/companies/types",
            Self::Country => "company/countries",
            Self::Agreement => "finance/agreements",
            Self::AgreementType => "finance/agreements/types",
            Self::Addition => "finance/agreements/additions",
            Self::BillingCycle => "finance/billingCycles",
            Self::Currency => "finance/currencies",
            Self::Item => "procurement/catalog",
            Self::ProductType => "procurement/types",
            Self::Category => "procurement/categories",
            Self::Subcategory => "procurement/subcategories",
            Self::Unit => "procurement/unitOfMeasures",
        }
    }

    /// As a 404 names its records.
    pub(crate) fn noun(self) -> &'static str {
        self.shape().type_name
    }
}
